import { expect } from 'chai';
import { compareBytes, fromUtf8, utf8 } from '../../../src/base/bytes.js';
import { cellAt } from '../../../src/codec/cell.js';
import type { Column } from '../../../src/codec/column.js';
import { type FieldType, MysqlType } from '../../../src/codec/field-type.js';
import type { Ts } from '../../../src/codec/tso.js';
import type { TikvCluster } from '../../../src/tikv/client.js';
import type { CopRange, CopRequest } from '../../../src/tikv/coprocessor/cop-types.js';
import { failureOf } from '../../support/failure.js';
import { NEVER, World, key, seeds } from './world.js';

const KEYS = 450;
const type: FieldType = {
  tp: MysqlType.varchar,
  flag: 0,
  flen: -1,
  decimal: 0,
  charset: 'binary',
  collate: 'binary',
  elems: [],
};
const column = { type, isHandle: false };
const plan = {
  tableId: 1n,
  columns: [
    { ...column, id: 1 },
    { ...column, id: 2 },
  ],
  usesNewCollation: true,
};

describe('tikv table scans', function () {
  this.timeout(60_000);

  /** A world with `KEYS` values, in transactions of fifty. */
  async function filled(seed: number): Promise<[World, TikvCluster]> {
    const world = new World(seed);
    const client = await world.connect();
    for (let from = 0; from < KEYS; from += 50) {
      const mutations = Array.from({ length: 50 }, (_, i) => ({
        kind: 'put' as const,
        key: key(from + i),
        value: utf8(`value ${from + i}`),
      }));
      const startTs = await world.drive(client.tso.next(NEVER));
      const txn = client.transactions.begin({ startTs, primary: mutations[0]!.key, mutations, txnSource: 0 });
      await world.drive(txn.prewrite(0, NEVER));
      await world.drive(txn.commitPrimary(NEVER));
      // Some secondaries are left for the scan to meet.
      if (from % 150 !== 0) await world.drive(txn.commitSecondaries(NEVER));
    }
    return [world, client];
  }

  const texts = (from: Column, rows: number): string[] =>
    Array.from({ length: rows }, (_, row) => fromUtf8(cellAt(from, row, type) as Uint8Array));

  async function scan(client: TikvCluster, ts: Ts, ranges: readonly CopRange[]): Promise<string[]> {
    const seen: string[] = [];
    let doneUpTo: Uint8Array | undefined;
    for await (const page of client.coprocessor.scanTable({ plan, ranges, ts }, NEVER)) {
      seen.push(...texts(page.columns[0]!, page.rows));
      if (doneUpTo !== undefined) expect(compareBytes(doneUpTo, page.doneUpTo)).to.be.below(0);
      ({ doneUpTo } = page);
      const last = seen.at(-1);
      if (page.rows > 0) expect(compareBytes(utf8(last!), doneUpTo)).to.be.below(0);
    }
    return seen;
  }

  const expected = (from: number, to: number): string[] =>
    Array.from({ length: to - from }, (_, i) => fromUtf8(key(from + i)));

  it('give every row once and in order, page by page, under faults, splits and merges', async () => {
    for (const seed of seeds(2)) {
      const [world, client] = await filled(seed);
      world.cluster.pd.lagMs = 20;
      world.cluster.faults = { lostRequest: 0.03, lostReply: 0.03, regionError: 0.05 };
      const calm = new AbortController();
      const keys = Array.from({ length: KEYS }, (_, i) => key(i));
      const disturbing = world.disturb(keys, 5, calm.signal);
      for (let round = 0; round < 4; round++) {
        const ts = await world.drive(client.tso.next(NEVER));
        const ranges = [
          { start: key(0), end: key(100) },
          { start: key(100), end: key(300) },
          { start: key(350), end: key(KEYS) },
        ];
        const rows = await world.drive(scan(client, ts, ranges));
        expect(rows).to.deep.equal([...expected(0, 300), ...expected(350, KEYS)]);
      }
      calm.abort();
      await world.drive(disturbing);
      world.checkSafe();
      await world.close();
    }
  });

  it('begin with small pages and grow them as rows turn out to be short', async () => {
    const [world, client] = await filled(1);
    const ts = await world.drive(client.tso.next(NEVER));
    await world.drive(scan(client, ts, [{ start: key(0), end: key(KEYS) }]));
    const sizes = world.cluster.log
      .filter(({ name }) => name === 'Coprocessor')
      .map(({ request }) => Number((request as CopRequest).pagingSize));
    expect(sizes[0]).to.equal(256);
    expect(sizes.at(-1)).to.equal(1024);
    await world.close();
  });

  it('read ranges that look like points', async () => {
    const [world, client] = await filled(1);
    const ts = await world.drive(client.tso.next(NEVER));
    expect(await world.drive(scan(client, ts, [{ start: utf8('k'), end: utf8('l') }]))).to.have.length(KEYS);
    await world.close();
  });

  it('fetch the next page while one is being consumed, and stop when nobody wants it', async () => {
    const [world, client] = await filled(1);
    const ts = await world.drive(client.tso.next(NEVER));
    const asked = (): number => world.cluster.log.filter(({ name }) => name === 'Coprocessor').length;
    await world.drive(client.locks.spans.resolveSpan(key(0), key(KEYS), ts, NEVER));
    const before = asked();
    const pages = client.coprocessor.scanTable(
      { plan, ranges: [{ start: key(0), end: key(KEYS) }], ts },
      NEVER,
    );
    await world.drive(pages.next());
    await world.runtime.advance(100);
    expect(asked() - before).to.equal(2);
    await world.drive(pages.return());
    await world.runtime.advance(1000);
    expect(asked() - before).to.equal(2);
    world.checkSafe();
    await world.close();
  });

  it('fail with what TiKV says about the plan, or with the reason of their abort', async () => {
    const [world, client] = await filled(1);
    const ts = await world.drive(client.tso.next(NEVER));
    const ranges = [{ start: key(0), end: key(KEYS) }];
    world.cluster.script = (name) => (name === 'Coprocessor' ? { otherError: 'cannot run it' } : undefined);
    expect((await world.drive(failureOf(scan(client, ts, ranges))))?.message).to.include('cannot run it');
    const data = new Uint8Array([0x0a, 0x05, 0x12, 0x03, 0x62, 0x61, 0x64]);
    world.cluster.script = (name) => (name === 'Coprocessor' ? { data } : undefined);
    expect((await world.drive(failureOf(scan(client, ts, ranges))))?.kind).to.equal('badReply');
    world.cluster.script = (name) => (name === 'Coprocessor' ? 'lost request' : undefined);
    const controller = new AbortController();
    const pages = client.coprocessor.scanTable({ plan, ranges, ts }, controller.signal);
    const waiting = failureOf(pages.next());
    controller.abort(new Error('enough'));
    expect((await world.drive(waiting))?.message).to.equal('enough');
    await world.close();
  });
});
