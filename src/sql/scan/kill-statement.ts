/**
 * KILL: Ctrl-C in the `mariadb` and `mysql` clients comes to that.
 *
 * @see https://docs.pingcap.com/tidb/stable/sql-statement-kill
 */

/** Longer ones are not looked at: a comment may stand before it, for instance a tool's name. */
const LENGTH_MAX = 512;

/** A comment can end in one place only, or many of them would be tried in exponentially many ways. */
const KILL =
  /^(?:\s|\/\*(?:[^*]|\*(?!\/))*\*\/|--[ \t].*\n|#.*\n)*kill\s+(?:tidb\s+)?(?:(?:query|connection)\s+)?(\d{1,20})[\s;]*$/i;

/**
 * The connection that a statement kills, or whose statement it kills; undefined: it is no such statement. Only what
 * may be one costs more than a look at its first byte.
 *
 * @param bytes - the statement is `bytes[start … end)`; lent for the call.
 */
export function killedConnection(bytes: Uint8Array, start: number, end: number): number | undefined {
  if (end - start > LENGTH_MAX || !mayBegin(bytes[start] ?? 0)) return undefined;
  const text = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('latin1');
  const id = Number(KILL.exec(text)?.[1]);
  return Number.isSafeInteger(id) ? id : undefined;
}

/** A statement that {@link killedConnection} has found to be a KILL, of another connection. */
export function withKilledConnection(bytes: Uint8Array, connectionId: number): Uint8Array {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
  return Buffer.from(text.replace(/\d{1,20}(?=[\s;]*$)/, String(connectionId)), 'latin1');
}

/** `k`, `K`, white space, or what begins a comment. */
function mayBegin(byte: number): boolean {
  return byte === 0x6b || byte === 0x4b || byte <= 0x20 || byte === 0x2f || byte === 0x2d || byte === 0x23;
}
