/**
 * Status flags, as OK and EOF packets carry them.
 *
 * @see https://dev.mysql.com/doc/dev/mysql-server/latest/mysql__com_8h.html (SERVER_STATUS_flags_enum)
 */
export const ServerStatus = {
  inTransaction: 1,
  autocommit: 1 << 1,
  /** Another result follows this one. */
  moreResults: 1 << 3,
  noGoodIndexUsed: 1 << 4,
  noIndexUsed: 1 << 5,
  /** The rows wait for COM_STMT_FETCH. */
  cursorExists: 1 << 6,
  lastRowSent: 1 << 7,
  databaseDropped: 1 << 8,
  noBackslashEscapes: 1 << 9,
  metadataChanged: 1 << 10,
  queryWasSlow: 1 << 11,
  psOutParameters: 1 << 12,
  inReadOnlyTransaction: 1 << 13,
  sessionStateChanged: 1 << 14,
} as const;

/** Flags that belong to a session rather than to one statement. */
export const SESSION_STATUS =
  ServerStatus.inTransaction |
  ServerStatus.autocommit |
  ServerStatus.noBackslashEscapes |
  ServerStatus.inReadOnlyTransaction;
