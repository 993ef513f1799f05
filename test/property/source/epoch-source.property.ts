import { expect } from 'chai';
import fc from 'fast-check';
import { Alarm } from '../../../src/base/alarm.js';
import { silent } from '../../../src/base/telemetry.js';
import { cellAt } from '../../../src/codec/cell.js';
import { ts } from '../../../src/codec/tso.js';
import type { Delta } from '../../../src/dataflow/delta.js';
import { EpochSource } from '../../../src/source/epoch-source.js';
import { FeedRouter } from '../../../src/source/feed-router.js';
import { BASE_TYPES, baseTable, storedRow } from '../../support/base-table.js';
import { type Change, changeBatch } from '../../support/change-batch.js';
import { ScriptedFeed } from '../../support/scripted-feed.js';
import { settle } from '../../support/virtual-runtime.js';

const TABLE = baseTable();
const KEYS = 4;

/** One commit on one row: its new `a`, or null for a deletion; some also change `s`, which nobody reads. */
interface Commit {
  readonly id: number;
  readonly a: number | null;
  readonly s: string;
}

const commits: fc.Arbitrary<Commit> = fc.record({
  id: fc.integer({ min: 0, max: KEYS - 1 }),
  a: fc.option(fc.integer({ min: 0, max: 2 }), { freq: 3 }),
  s: fc.constantFrom('x', 'y'),
});

interface Epoch {
  readonly commits: readonly Commit[];
  /** How many of the last of them the feed delivers, though they are not resolved yet. */
  readonly early: number;
  /** Order and repetitions of the delivery. */
  readonly delivery: readonly number[];
}

const epochs: fc.Arbitrary<Epoch> = fc.record({
  commits: fc.array(commits, { maxLength: 12 }),
  early: fc.nat(4),
  delivery: fc.array(fc.nat(1000), { maxLength: 20 }),
});

/** Weight by `id a`, zeros left out. */
function tally(into: Map<string, number>, delta: Delta | undefined): void {
  for (let row = 0; row < (delta?.rows ?? 0); row++) {
    const [id, a] = delta!.columns.map((column, i) => cellAt(column, row, BASE_TYPES[i]!) as bigint);
    const name = `${id} ${a}`;
    const weight = (into.get(name) ?? 0) + delta!.weights[row]!;
    if (weight === 0) into.delete(name);
    else into.set(name, weight);
  }
}

/** Commits as changes, with the values before them. */
function changesOf(all: readonly Commit[], state: Map<number, Commit>, firstTs: bigint): Change[] {
  const changes: Change[] = [];
  for (const commit of all) {
    const before = state.get(commit.id);
    if (before === undefined && commit.a === null) continue;
    const value = (row: Commit) => storedRow(TABLE, [row.id, row.a, row.s]).value;
    changes.push({
      commitTs: firstTs + BigInt(changes.length),
      key: storedRow(TABLE, [commit.id, 0, '']).key,
      old: before === undefined ? undefined : value(before),
      value: commit.a === null ? undefined : value(commit),
    });
    if (commit.a === null) state.delete(commit.id);
    else state.set(commit.id, commit);
  }
  return changes;
}

describe('epoch source, any delivery', () => {
  it('gives in each epoch exactly what changed in it', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(epochs, { minLength: 1, maxLength: 6 }), async (script) => {
        const stop = new AbortController();
        const feed = new ScriptedFeed();
        const router = new FeedRouter(feed, silent.metrics);
        router.run(stop.signal).catch(() => undefined);
        const source = new EpochSource(router, 'g', ts(100n), new Alarm());
        source.follow({ version: TABLE, columnIds: [1, 2] });
        const state = new Map<number, Commit>();
        const shown = new Map<string, number>();
        let now = 100n;
        let early: readonly Change[] = [];
        for (const epoch of script) {
          const fresh = changesOf(epoch.commits, state, now + 1n);
          now += BigInt(fresh.length);
          const waiting = [...early, ...fresh];
          // Everything once, in a random order, and some of it again.
          const order = waiting.map((change, i) => ({ change, rank: epoch.delivery[i] ?? i }));
          order.sort((a, b) => a.rank - b.rank);
          const again = epoch.delivery.map((pick) => waiting[pick % Math.max(1, waiting.length)]);
          const delivered = [
            ...order.map(({ change }) => change),
            ...again.filter((one) => one !== undefined),
          ];
          if (delivered.length > 0) {
            feed.say({ kind: 'rows', spanId: 'g/100/0', batch: changeBatch(delivered) });
          }
          const upper = ts(now - BigInt(Math.min(epoch.early, fresh.length)));
          for (const spanId of ['g/100/0', 'g/schema']) feed.say({ kind: 'resolved', spanId, ts: upper });
          await settle();
          tally(shown, source.take(upper).sources.get(100));
          early = fresh.filter(({ commitTs }) => commitTs > upper);
          const behind = new Map(state);
          for (const change of [...early].reverse()) rewind(behind, change);
          const expected = [...behind.values()].map(({ id, a }) => [`${id} ${a ?? ''}`, 1] as const);
          expect([...shown].sort()).to.deep.equal([...expected].sort());
        }
        stop.abort();
      }),
      { numRuns: 150 },
    );
  });
});

/** Undoes a change: the row is again what its old value says. */
function rewind(state: Map<number, Commit>, { key, old }: Change): void {
  for (let id = 0; id < KEYS; id++) {
    if (!Buffer.from(storedRow(TABLE, [id, 0, '']).key).equals(key)) continue;
    state.delete(id);
    for (let a = 0; a <= 2 && old !== undefined; a++) {
      for (const s of ['x', 'y']) {
        if (Buffer.from(storedRow(TABLE, [id, a, s]).value).equals(old)) state.set(id, { id, a, s });
      }
    }
  }
}
