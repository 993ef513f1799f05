/**
 * KILL, in which clients put Ctrl-C. TiDB answers it: it knows who may kill whom. But what is answered here TiDB does
 * not see running: a KILL that it has agreed to must reach us too. And since it closes a connection that is idle in its
 * eyes even for KILL QUERY (8.5), that of a statement of ours is answered here if both sessions are the same user's,
 * which TiDB would agree to.
 *
 * @see https://docs.pingcap.com/tidb/stable/sql-statement-kill
 */

/** Longer ones are not looked at: a comment may stand before it, for instance a tool's name. */
const LENGTH_MAX = 512;

/** A comment can end in one place only, or many of them would be tried in exponentially many ways. */
const KILL =
  /^(?:\s|\/\*(?:[^*]|\*(?!\/))*\*\/|--[ \t].*\n|#.*\n)*kill\s+(?:tidb\s+)?(?:(query|connection)\s+)?(\d{1,20})[\s;]*$/i;

/** What a KILL is aimed at. */
export interface KillTarget {
  readonly connectionId: number;
  /** Only at the statement that runs there. */
  readonly isQuery: boolean;
}

/**
 * What a statement kills; undefined: it is no KILL. Only what may be one costs more than a look at its first byte.
 *
 * @param bytes - the statement is `bytes[start … end)`; lent for the call.
 */
export function killTarget(bytes: Uint8Array, start: number, end: number): KillTarget | undefined {
  if (end - start > LENGTH_MAX || !mayBegin(bytes[start] ?? 0)) return undefined;
  const text = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('latin1');
  const [, what, id] = KILL.exec(text) ?? [];
  const connectionId = Number(id);
  if (!Number.isSafeInteger(connectionId)) return undefined;
  return { connectionId, isQuery: what?.toLowerCase() === 'query' };
}

/** `k`, `K`, white space, or what begins a comment. */
function mayBegin(byte: number): boolean {
  return byte === 0x6b || byte === 0x4b || byte <= 0x20 || byte === 0x2f || byte === 0x2d || byte === 0x23;
}
