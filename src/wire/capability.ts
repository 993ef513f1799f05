/**
 * Capability flags: what the server offers in its greeting and what the client takes of it. A connection has what
 * both have; 32 bits, so combine with `>>> 0` where the top bit may be set.
 *
 * @see https://dev.mysql.com/doc/dev/mysql-server/latest/group__group__cs__capabilities__flags.html
 */
export const Capability = {
  longPassword: 1,
  foundRows: 1 << 1,
  longFlag: 1 << 2,
  connectWithDb: 1 << 3,
  noSchema: 1 << 4,
  /** zlib compression of everything after the handshake. */
  compress: 1 << 5,
  odbc: 1 << 6,
  localFiles: 1 << 7,
  ignoreSpace: 1 << 8,
  protocol41: 1 << 9,
  interactive: 1 << 10,
  ssl: 1 << 11,
  ignoreSigpipe: 1 << 12,
  transactions: 1 << 13,
  reserved: 1 << 14,
  /** Authentication data has a length byte instead of ending at a zero byte. */
  secureConnection: 1 << 15,
  multiStatements: 1 << 16,
  multiResults: 1 << 17,
  psMultiResults: 1 << 18,
  pluginAuth: 1 << 19,
  connectAttributes: 1 << 20,
  /** Authentication data has a length-encoded length. */
  pluginAuthLenencData: 1 << 21,
  expiredPasswords: 1 << 22,
  /** OK packets may end with changes of the session's state. */
  sessionTrack: 1 << 23,
  /** Result sets end with an OK packet of header 0xFE, and have no EOF packet after the columns. */
  deprecateEof: 1 << 24,
  optionalResultsetMetadata: 1 << 25,
  /** zstd compression of everything after the handshake. */
  zstdCompression: 1 << 26,
  /** COM_QUERY carries attributes before its text. */
  queryAttributes: 1 << 27,
  multiFactorAuthentication: 1 << 28,
  capabilityExtension: 1 << 29,
} as const;

/** Whether all bits of `wanted` are set. */
export function hasCapability(capabilities: number, wanted: number): boolean {
  return (capabilities & wanted) === wanted;
}
