import { expect } from 'chai';
import { Backoff } from '../../../src/base/backoff.js';
import { concatBytes, fromUtf8, prefixEnd, utf8 } from '../../../src/base/bytes.js';
import { systemRuntime } from '../../../src/base/system-runtime.js';
import type { Ts } from '../../../src/codec/tso.js';
import { messageCodec } from '../../../src/tikv/proto.js';
import { Op, type PrewriteRequest, type PrewriteResponse } from '../../../src/tikv/proto-types.js';
import { Harness, NEVER, connect } from './harness.js';

/** A row (format v2) with one string: the rig's store takes nothing else for a row. */
function rowOf(text: string): Uint8Array {
  const data = utf8(text);
  return concatBytes(new Uint8Array([0x80, 0, 1, 0, 0, 0, 2, data.length, 0]), data);
}

/** Fields of a prewrite that only others use. */
interface AsyncPrewrite extends PrewriteRequest {
  readonly useAsyncCommit: boolean;
  readonly secondaries: readonly Uint8Array[];
}

const request = messageCodec<AsyncPrewrite>('kvrpcpb.PrewriteRequest');
const response = messageCodec<PrewriteResponse>('kvrpcpb.PrewriteResponse');

describe('tikv and the locks of others', function () {
  this.timeout(120_000);
  let h: Harness;
  let keys: Uint8Array[];
  let start: Uint8Array;
  let end: Uint8Array;
  let tables = 0;

  before(async () => {
    h = await Harness.start({ stores: 3 });
  });
  after(async () => {
    expect(h.crashes).to.deep.equal([]);
    await h[Symbol.asyncDispose]();
  });
  beforeEach(async () => {
    const table = await h.create(`locks${++tables}`, '(id int primary key, v int)');
    start = table.recordRanges[0]!.start.subarray(0, 11);
    end = prefixEnd(start);
    keys = Array.from({ length: 6 }, (_, i) => concatBytes(start, Buffer.from([0x80, 0, 0, 0, 0, 0, 0, i])));
    await h.rig.split(keys[3]!);
  });

  /** A prewrite as some other client sends it, which then dies. */
  async function prewrite(
    startTs: Ts,
    at: readonly number[],
    more: Partial<AsyncPrewrite> = {},
  ): Promise<void> {
    const backoff = new Backoff(
      systemRuntime(() => undefined),
      'test',
      'tikv',
      10_000,
    );
    for (const i of at) {
      for (;;) {
        const region = await h.cluster.regions.locate(keys[i]!, NEVER);
        const bytes = await h.transport.unary(
          await h.cluster.regions.storeAddress(region.leader.storeId, NEVER),
          '/tikvpb.Tikv/KvPrewrite',
          request.encode({
            context: {
              regionId: region.id,
              regionEpoch: region.epoch,
              peer: { id: region.leader.peerId, storeId: region.leader.storeId },
            },
            mutations: [{ op: Op.put, key: keys[i]!, value: rowOf(`value ${i}`) }],
            primaryLock: keys[at[0]!]!,
            startVersion: startTs,
            lockTtl: 1n,
            txnSize: BigInt(at.length),
            minCommitTs: startTs + 1n,
            ...more,
            secondaries: i === at[0] ? (more.secondaries ?? []) : [],
          }),
          NEVER,
        );
        const reply = response.decode(bytes);
        expect(reply.errors).to.deep.equal([]);
        if (reply.regionError === null) break;
        h.cluster.regions.invalidate(region);
        await backoff.pause({ name: 'test', baseMs: 10, capMs: 50 }, reply.regionError, NEVER);
      }
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }

  async function values(): Promise<string[]> {
    const found: string[] = [];
    for await (const page of h.cluster.snapshots.at(await h.tso()).scan(start, end, {}, NEVER)) {
      found.push(...page.map(({ value }) => fromUtf8(value.subarray(9))));
    }
    return found;
  }

  const locksLeft = async (): Promise<number> =>
    (await h.cluster.locks.resolveSpan(start, end, await h.tso(), NEVER)).locksLeft;

  it('commits an async commit of a dead client when all of its locks are there', async () => {
    await prewrite(await h.tso(), [0, 1, 4], { useAsyncCommit: true, secondaries: [keys[1]!, keys[4]!] });
    expect(await values()).to.deep.equal(['value 0', 'value 1', 'value 4']);
    expect(await locksLeft()).to.equal(0);
  });

  it('rolls an async commit of a dead client back when one of its locks is missing', async () => {
    const startTs = await h.tso();
    await prewrite(startTs, [0, 1], { useAsyncCommit: true, secondaries: [keys[1]!, keys[4]!] });
    expect(await values()).to.deep.equal([]);
    // The one that was missing cannot come any more.
    const late = h.cluster.transactions.begin({
      startTs,
      primary: keys[4]!,
      mutations: [{ kind: 'put', key: keys[4]!, value: rowOf('late') }],
      txnSource: 0,
    });
    expect((await late.prewrite(0, NEVER)).kind).to.equal('conflict');
  });

  it('finishes the secondaries of a committed transaction whose client died', async () => {
    const startTs = await h.tso();
    const txn = h.cluster.transactions.begin({
      startTs,
      primary: keys[0]!,
      mutations: [0, 2, 5].map((i) => ({ kind: 'put', key: keys[i]!, value: rowOf(`value ${i}`) }) as const),
      txnSource: 0,
    });
    expect((await txn.prewrite(0, NEVER)).kind).to.equal('ok');
    expect((await txn.commitPrimary(NEVER)).kind).to.equal('committed');
    expect(await values()).to.deep.equal(['value 0', 'value 2', 'value 5']);
    expect(await locksLeft()).to.equal(0);
  });

  it('rolls dead transactions in a span back, so that resolved timestamps go on', async () => {
    for (let i = 0; i < 5; i++) await prewrite(await h.tso(), [i]);
    expect(await locksLeft()).to.equal(0);
    expect(await values()).to.deep.equal([]);
  });

  it('leaves living transactions in a span alone, and counts their locks', async () => {
    const txn = h.cluster.transactions.begin({
      startTs: await h.tso(),
      primary: keys[0]!,
      mutations: keys.map((key) => ({ kind: 'put', key, value: rowOf('mine') }) as const),
      txnSource: 0,
    });
    expect((await txn.prewrite(0, NEVER)).kind).to.equal('ok');
    expect(await locksLeft()).to.equal(6);
    expect((await txn.commitPrimary(NEVER)).kind).to.equal('committed');
    expect(await txn.commitSecondaries(NEVER)).to.equal(0);
    expect(await values()).to.have.length(6);
  });

  it('resolves a large dead transaction by regions, not by keys', async () => {
    const many = Array.from({ length: 3000 }, (_, i) =>
      concatBytes(start, Buffer.from([0x80, 0, 0, 0, 0, 1, i >> 8, i & 255])),
    );
    const txn = h.cluster.transactions.begin({
      startTs: await h.tso(),
      primary: many[0]!,
      mutations: many.map((key) => ({ kind: 'put', key, value: rowOf('v') }) as const),
      txnSource: 0,
      lockTtlMs: 1,
    });
    expect((await txn.prewrite(0, NEVER)).kind).to.equal('ok');
    await txn[Symbol.asyncDispose]();
    await new Promise((resolve) => setTimeout(resolve, 5));
    const before = (await h.rig.stats()).clientRpc['KvResolveLock'] ?? 0;
    expect(await locksLeft()).to.equal(0);
    expect(((await h.rig.stats()).clientRpc['KvResolveLock'] ?? 0) - before).to.be.below(20);
    expect(await values()).to.deep.equal([]);
  });

  it('is not stopped by pessimistic locks when it reads', async () => {
    await h.query(`insert into locks${tables} values (1, 1)`);
    const other = await connect(h.rig);
    await other.query('begin pessimistic');
    await other.query(`select * from e2e.locks${tables} for update`);
    expect(await values()).to.have.length(1);
    await other.query('rollback');
    await other.end();
  });
});
