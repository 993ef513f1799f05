/**
 * Statements that only the owner can carry out, handed to him by instances that do not reign: a row in
 * `<schema>.requests`, answered in place. The instance that asks reads and writes by SQL; the owner looks at the table
 * again and again, and his answers are ordinary transactions of his.
 */
import { SqlError, TiviewError, messageOf } from '../base/errors.js';
import type { Runtime } from '../base/runtime.js';
import { type Ts, ts } from '../codec/tso.js';
import type { SystemRecord } from '../commit/system-table.js';
import type { ControlPool } from './control-pool.js';
import { quoteTable } from './quote.js';
import { printString } from '../sql/parse/print-text.js';
import { type ViewRecord, viewOfRecord, viewToRecord } from './view-record.js';

/** What can be asked for. */
export type OwnerRequest =
  | { readonly kind: 'create'; readonly view: ViewRecord }
  | { readonly kind: 'drop'; readonly viewId: bigint }
  | { readonly kind: 'waitFor'; readonly ts: Ts }
  /** Answered by {@link ViewWork} as JSON. */
  | { readonly kind: 'work'; readonly viewId: bigint };

/** How it was answered. */
export type OwnerAnswer =
  | { readonly kind: 'done'; readonly result?: string }
  | { readonly kind: 'failed'; readonly errno: number; readonly sqlState: string; readonly message: string };

const POLL_MS = 50;

/**
 * Asks the owner, and waits for the answer: what he says, where the request is a question.
 *
 * @throws SqlError — as answered; the signal's reason: it goes on.
 */
export async function askOwner(
  parts: {
    readonly control: ControlPool;
    readonly runtime: Runtime;
    readonly schema: string;
    readonly member: string;
  },
  request: OwnerRequest,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { control, runtime, schema, member } = parts;
  const table = quoteTable(schema, 'requests');
  const id = await control.session(async (session) => {
    const body = JSON.stringify(packed(request));
    await session.query(
      `INSERT INTO ${table} (member, request) VALUES (${printString(member)}, ${printString(body)})`,
    );
    const [row] = await session.query('SELECT LAST_INSERT_ID() AS id');
    return row?.['id'] ?? '';
  }, signal);
  for (;;) {
    const [row] = await control.query(`SELECT answer FROM ${table} WHERE id = ${id}`, signal);
    const answer = row?.['answer'];
    if (row === undefined)
      throw new SqlError(1105, 'HY000', 'the request was lost: see SHOW MATERIALIZED VIEW STATUS');
    if (answer !== null && answer !== undefined) {
      await control.query(`DELETE FROM ${table} WHERE id = ${id}`, signal);
      const found = JSON.parse(answer) as OwnerAnswer;
      if (found.kind === 'failed') throw new SqlError(found.errno, found.sqlState, found.message);
      return found.result;
    }
    await runtime.sleep(POLL_MS, signal);
  }
}

/** A request as text, and back. */
export function parseRequest(text: string): OwnerRequest {
  const body = JSON.parse(text) as PackedRequest;
  switch (body.kind) {
    case 'create': {
      const record: Record<string, string | bigint | null> = {};
      for (const [name, value] of Object.entries(body.view)) {
        record[name] = value !== null && typeof value === 'object' ? BigInt(value.n) : value;
      }
      return { kind: 'create', view: viewOfRecord(record) };
    }
    case 'drop':
    case 'work':
      return { kind: body.kind, viewId: BigInt(body.viewId) };
    case 'waitFor':
      return { kind: 'waitFor', ts: ts(BigInt(body.ts)) };
  }
}

/** The answer to a request that failed. */
export function failedAnswer(error: unknown): OwnerAnswer {
  const isSql = error instanceof SqlError;
  return {
    kind: 'failed',
    errno: isSql ? error.errno : 1105,
    sqlState: isSql ? error.sqlState : 'HY000',
    message: messageOf(error),
  };
}

/** Whether a failure is the owner's own, so that the request is for his successor to answer. */
export function isForSuccessor(error: unknown): boolean {
  return error instanceof TiviewError && (error.kind === 'deposed' || error.kind === 'buildSuperseded');
}

type PackedRequest =
  | {
      readonly kind: 'create';
      readonly view: Readonly<Record<string, string | null | { readonly n: string }>>;
    }
  | { readonly kind: 'drop' | 'work'; readonly viewId: string }
  | { readonly kind: 'waitFor'; readonly ts: string };

function packed(request: OwnerRequest): PackedRequest {
  switch (request.kind) {
    case 'create':
      return { kind: 'create', view: packedRecord(viewToRecord(request.view)) };
    case 'drop':
    case 'work':
      return { kind: request.kind, viewId: request.viewId.toString() };
    case 'waitFor':
      return { kind: 'waitFor', ts: request.ts.toString() };
  }
}

/** JSON has no 64-bit numbers: they go as `{"n": "…"}`. */
function packedRecord(record: SystemRecord): Record<string, string | null | { readonly n: string }> {
  const out: Record<string, string | null | { readonly n: string }> = {};
  for (const [name, value] of Object.entries(record)) {
    out[name] = typeof value === 'bigint' ? { n: value.toString() } : value;
  }
  return out;
}
