/** The golden traces: reading them, and putting them through the real decoder, matcher and batches. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fromHex } from '../../../../src/base/bytes.js';
import { maxTs, ts, type Ts } from '../../../../src/codec/tso.js';
import { BatchBuilder } from '../../../../src/tikv/feed/batch-builder.js';
import { ByteBudget } from '../../../../src/tikv/feed/byte-budget.js';
import { EventDecoder } from '../../../../src/tikv/feed/event-decoder.js';
import { KeyRange } from '../../../../src/tikv/feed/key-range.js';
import { Matcher } from '../../../../src/tikv/feed/matcher.js';
import { decodeRegionKey } from '../../../../src/tikv/region-key.js';
import { type RowChange, rowsOf } from './batch-rows.js';
import { encodeCdc, ROOT } from './cdc-proto.js';

/** A row as the trace has it; bytes are hex. */
interface TraceRow {
  readonly type: string;
  readonly op_type: string;
  readonly start_ts: string;
  readonly commit_ts: string;
  readonly key: string;
  readonly value: string;
  readonly old_value: string;
}

interface TraceEvent {
  readonly event: string;
  readonly region_id: string;
  readonly request_id: string;
  readonly entries?: { readonly entries: readonly TraceRow[] };
  readonly resolved_ts?: string;
}

/** One trace (test/traces/README.md). */
export interface Trace {
  readonly scenario: string;
  readonly table: { readonly id: string | number; readonly create?: string };
  readonly checkpoint_ts: string;
  readonly requests?: readonly {
    readonly region_id: string;
    readonly request_id: string;
    readonly checkpoint_ts: string;
    readonly start_key: string;
    readonly end_key: string;
  }[];
  readonly messages: readonly {
    readonly events: readonly TraceEvent[];
    readonly resolved_ts: {
      readonly ts: string;
      readonly request_id: string;
      readonly regions: string[];
    } | null;
  }[];
  readonly snapshots?: readonly {
    readonly ts: string;
    readonly rows: readonly Readonly<Record<string, string | null>>[];
  }[];
}

/** All feed traces. */
export function feedTraces(): Trace[] {
  const folder = join(ROOT, 'test', 'traces');
  return readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as Trace)
    .filter((trace) => Array.isArray((trace as { messages?: unknown }).messages));
}

/** What a replay gives. */
export interface Replay {
  readonly rows: readonly RowChange[];
  readonly faults: readonly string[];
  readonly errors: readonly string[];
  /** By `request/region`, the last. */
  readonly resolved: ReadonlyMap<string, Ts>;
}

interface Subscription {
  readonly matcher: Matcher;
  readonly out: BatchBuilder;
  resolved: Ts;
}

/** Encodes every message and replays it through the code that the feed uses. */
export function replay(trace: Trace): Replay {
  const subscriptions = new Map<string, Subscription>();
  const decoder = new EventDecoder();
  const rows: RowChange[] = [];
  const faults: string[] = [];
  const errors: string[] = [];
  const of = (requestId: number, regionId: number): Subscription => {
    const name = `${requestId}/${regionId}`;
    let subscription = subscriptions.get(name);
    if (subscription === undefined)
      subscriptions.set(name, (subscription = subscribe(trace, requestId, regionId)));
    return subscription;
  };
  for (const message of trace.messages) {
    decoder.open(encodeCdc('ChangeDataEvent', encodable(message) as object));
    for (let kind = decoder.next(); kind !== undefined; kind = decoder.next()) {
      if (kind === 'error') errors.push(decoder.error().kind);
      if (kind === 'rows') {
        const { matcher, out } = of(decoder.requestId, decoder.regionId);
        const fault = matcher.take(decoder, out);
        if (fault !== undefined) faults.push(fault.kind);
        rows.push(...rowsOf(out.seal()));
      }
      if (kind === 'resolved') {
        for (const regionId of decoder.regions) {
          for (const [name, subscription] of subscriptions) {
            const [request, region] = name.split('/').map(Number);
            if (region !== regionId || (decoder.requestId !== 0 && decoder.requestId !== request)) continue;
            subscription.resolved = maxTs(subscription.resolved, decoder.resolvedTs);
            subscription.matcher.resolve(subscription.resolved);
          }
        }
      }
    }
  }
  const resolved = new Map([...subscriptions].map(([name, subscription]) => [name, subscription.resolved]));
  return { rows, faults, errors, resolved };
}

// Some registrations were made by hand and are not in the file: they are like the first.
function subscribe(trace: Trace, requestId: number, regionId: number): Subscription {
  const requests = trace.requests ?? [];
  const request =
    requests.find((one) => Number(one.request_id) === requestId && Number(one.region_id) === regionId) ??
    requests[0];
  const bound = (hex: string | undefined): Uint8Array => decodeRegionKey(fromHex(hex ?? ''));
  const range = new KeyRange(bound(request?.start_key), bound(request?.end_key));
  const checkpoint = ts(BigInt(request?.checkpoint_ts ?? trace.checkpoint_ts));
  const matcher = new Matcher({ range, checkpoint, budget: new ByteBudget() });
  return { matcher, out: new BatchBuilder(), resolved: checkpoint };
}

/** Bytes fields are hex in the file; absent members of an error are null. */
function encodable(value: unknown, name = ''): unknown {
  if (Array.isArray(value)) return value.map((item) => encodable(item));
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).filter(([key, inner]) => inner !== null && key !== 'event');
    return Object.fromEntries(entries.map(([key, inner]) => [key, encodable(inner, key)]));
  }
  const isBytes = ['key', 'value', 'old_value', 'start_key', 'end_key'].includes(name);
  return isBytes ? fromHex(value as string) : value;
}

/** What the messages say by the rules of TRUTH §1, written down once more and plainly: key@commitTs → value. */
export function independentFold(trace: Trace): Map<string, string> {
  const prewrites = new Map<string, TraceRow>();
  const waiting = new Map<string, TraceRow[]>();
  const initialized = new Set<string>();
  const commits = new Map<string, string>();
  const commit = (name: string, row: TraceRow): boolean => {
    const prewrite = prewrites.get(`${name}/${row.key}/${row.start_ts}`);
    if (prewrite === undefined) return false;
    prewrites.delete(`${name}/${row.key}/${row.start_ts}`);
    commits.set(`${row.key}@${row.commit_ts}`, row.op_type === 'DELETE' ? '' : prewrite.value || row.value);
    return true;
  };
  for (const { events } of trace.messages) {
    for (const event of events) {
      const name = `${event.request_id}/${event.region_id}`;
      for (const row of event.entries?.entries ?? []) {
        const id = `${name}/${row.key}/${row.start_ts}`;
        if (row.type === 'PREWRITE' && (row.value !== '' || !prewrites.has(id))) prewrites.set(id, row);
        if (row.type === 'ROLLBACK') prewrites.delete(id);
        if (row.type === 'COMMITTED') commits.set(`${row.key}@${row.commit_ts}`, row.value);
        if (row.type === 'COMMIT' && !commit(name, row))
          waiting.set(name, [...(waiting.get(name) ?? []), row]);
        if (row.type === 'INITIALIZED') {
          initialized.add(name);
          for (const late of waiting.get(name) ?? []) commit(name, late);
        }
      }
    }
  }
  for (const at of commits.keys()) {
    if (BigInt(at.split('@')[1]!) <= BigInt(trace.checkpoint_ts)) commits.delete(at);
  }
  return commits;
}
