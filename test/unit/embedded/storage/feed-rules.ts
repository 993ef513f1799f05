/**
 * The rules of real change-feed traffic (TRUTH §1), as a check of any traffic: the golden traces obey them, and so must
 * the embedded cluster's. Messages as the traces have them: names of enums, hex, decimal strings.
 */
import { decodeCdc } from '../../tikv/feed/cdc-proto.js';

/** A row of a message. */
export interface RuleRow {
  readonly type: string;
  readonly op_type: string;
  readonly start_ts: string;
  readonly commit_ts: string;
  readonly key: string;
  readonly value: string;
  readonly old_value: string;
  readonly txn_source?: string;
}

/** A message. */
export interface RuleMessage {
  readonly events: readonly {
    readonly region_id: string;
    readonly request_id: string;
    readonly entries?: { readonly entries: readonly RuleRow[] } | null;
    readonly error?: unknown;
  }[];
  readonly resolved_ts: {
    readonly ts: string;
    readonly request_id: string;
    readonly regions: readonly string[];
  } | null;
}

/** A message from its bytes. */
export function ruleMessage(bytes: Uint8Array): RuleMessage {
  return hexed(decodeCdc('ChangeDataEvent', bytes)) as RuleMessage;
}

const SHORT_VALUE_HEX = 2 * 255;

interface Life {
  isInitialized: boolean;
  resolved: bigint;
  lastScanned: { readonly key: string; readonly commitTs: bigint } | undefined;
  /** key/start ts → hex length of the value. */
  readonly prewrites: Map<string, number>;
}

/** What the messages of one stream do wrong. */
export function violations(messages: readonly RuleMessage[]): string[] {
  const lives = new Map<string, Life>();
  const wrong: string[] = [];
  const lifeOf = (name: string): Life => {
    let life = lives.get(name);
    if (life === undefined) {
      life = { isInitialized: false, resolved: 0n, lastScanned: undefined, prewrites: new Map() };
      lives.set(name, life);
    }
    return life;
  };
  for (const { events, resolved_ts: resolved } of messages) {
    if (events.length > 0 && resolved !== null) wrong.push('a message has events and a resolved ts');
    if (events.length > 64) wrong.push(`a message of ${events.length} events`);
    for (const event of events) {
      const name = `${event.request_id}/${event.region_id}`;
      const rows = event.entries?.entries ?? [];
      if (rows.length > 1024) wrong.push(`an event of ${rows.length} rows`);
      for (const row of rows)
        wrong.push(...rowViolations(row, lifeOf(name)).map((rule) => `${name}: ${rule}`));
      if (endsSubscription(event.error)) lives.delete(name);
    }
    // Old clients are told of regions, not of subscriptions.
    for (const region of resolved?.request_id === '0' ? [] : (resolved?.regions ?? [])) {
      const life = lifeOf(`${resolved?.request_id}/${region}`);
      const ts = BigInt(resolved?.ts ?? 0);
      if (!life.isInitialized) wrong.push(`${region}: resolved before INITIALIZED`);
      if (ts < life.resolved) wrong.push(`${region}: resolved ts goes back to ${ts}`);
      life.resolved = ts;
    }
  }
  return wrong;
}

/** Whether an event's error ends what runs under its name: a repeated request does not. */
function endsSubscription(error: unknown): boolean {
  if (typeof error !== 'object' || error === null) return false;
  return !('duplicate_request' in error) || error.duplicate_request === null;
}

function rowViolations(row: RuleRow, life: Life): string[] {
  const wrong: string[] = [];
  const id = `${row.key}/${row.start_ts}`;
  const must = (holds: boolean, rule: string): void => {
    if (!holds) wrong.push(`${row.type} ${row.key}@${row.start_ts}: ${rule}`);
  };
  must(BigInt(row.txn_source ?? 0) < 256n, 'a source above eight bits is never sent');
  if (row.op_type === 'DELETE') must(row.value === '', 'a deletion has no value');
  if (row.type === 'INITIALIZED') {
    must(!life.isInitialized, 'it comes once');
    life.isInitialized = true;
    return wrong;
  }
  if (row.type === 'PREWRITE') life.prewrites.set(id, row.value.length);
  if (row.type === 'ROLLBACK') {
    must(row.op_type === 'UNKNOWN' && (row.value === '' || row.value === '70'), 'it has no operation');
    life.prewrites.delete(id);
  }
  if (row.type === 'COMMIT') {
    const length = life.prewrites.get(id);
    must(length !== undefined || !life.isInitialized, 'after INITIALIZED it has a PREWRITE');
    must(row.old_value === '', 'it has no old value');
    must(row.value.length <= SHORT_VALUE_HEX, 'it has no long value');
    if (length !== undefined && length <= SHORT_VALUE_HEX)
      must(row.value.length === length, 'it has a short value');
    life.prewrites.delete(id);
  }
  if (row.type === 'COMMIT' || row.type === 'COMMITTED') {
    must(row.op_type === 'PUT' || row.op_type === 'DELETE', 'it puts or deletes');
    must(BigInt(row.commit_ts) > life.resolved, `it comes after ${life.resolved} was resolved`);
  }
  if (row.type === 'COMMITTED' && !life.isInitialized) {
    const { lastScanned: last } = life;
    const commitTs = BigInt(row.commit_ts);
    const isInOrder =
      last === undefined || row.key > last.key || (row.key === last.key && commitTs < last.commitTs);
    must(isInOrder, 'scans go by key, the newest version first');
    life.lastScanned = { key: row.key, commitTs };
  }
  return wrong;
}

function hexed(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  if (Array.isArray(value)) return value.map(hexed);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, hexed(inner)]));
}
