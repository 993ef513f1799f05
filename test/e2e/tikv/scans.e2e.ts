import { expect } from 'chai';
import { prefixEnd, utf8 } from '../../../src/base/bytes.js';
import { ByteSlice } from '../../../src/codec/byte-slice.js';
import { Decimal } from '../../../src/codec/decimal.js';
import { MysqlType } from '../../../src/codec/field-type.js';
import { ROWID_COLUMN } from '../../../src/codec/table-keys.js';
import type { Ts } from '../../../src/codec/tso.js';
import type { TableVersion } from '../../../src/catalog/table-version.js';
import type { Condition, Constant } from '../../../src/tikv/coprocessor/condition.js';
import type { ScanPage } from '../../../src/tikv/coprocessor/coprocessor.js';
import {
  type ScanColumn,
  type TableScanPlan,
  outputTypes,
} from '../../../src/tikv/coprocessor/dag-request.js';
import { EmbeddedMirror } from './embedded-mirror.js';
import { Harness, NEVER, connect, scanColumnsOf, textRows } from './harness.js';

type Text = (string | null)[];

describe('tikv scans of a real TiDB', function () {
  this.timeout(120_000);
  let h: Harness;
  let mirror: EmbeddedMirror;
  /** Whether every scan is made on the embedded storage, too. */
  let isMirrored = true;

  before(async () => {
    h = await Harness.start({ stores: 3 });
    await h.query("set time_zone = '+00:00'");
    mirror = await EmbeddedMirror.start(h.cluster);
  });
  after(async () => {
    expect(h.crashes).to.deep.equal([]);
    await mirror[Symbol.asyncDispose]();
    await h[Symbol.asyncDispose]();
  });
  afterEach(() => h.rig.clearFaults());

  function planOf(table: TableVersion, more: Partial<TableScanPlan> = {}): TableScanPlan {
    const columns = scanColumnsOf(table);
    const clustered = table.handle.kind === 'common' ? table.handle.columns : [];
    return {
      tableId: BigInt(table.id),
      columns,
      primaryColumnIds: clustered.map((column) => column.columnId),
      primaryPrefixColumnIds: clustered.filter((c) => c.isPrefix).map((c) => c.columnId),
      usesNewCollation: true,
      ...more,
    };
  }

  /** All rows by the coprocessor, as text; that of the embedded storage has to give the same. */
  async function scan(table: TableVersion, ts: Ts, plan = planOf(table)): Promise<Text[]> {
    const ranges = table.recordRanges;
    const rows = await rowsOf(plan, h.cluster.coprocessor.scanTable({ plan, ranges, ts }, NEVER));
    if (isMirrored) expect(await rowsOf(plan, mirror.scan(plan, ranges, ts))).to.deep.equal(rows);
    return rows;
  }

  async function rowsOf(plan: TableScanPlan, pages: AsyncIterable<ScanPage>): Promise<Text[]> {
    const rows: Text[] = [];
    const types = outputTypes(plan);
    for await (const page of pages) rows.push(...textRows(page.columns, page.rows, types));
    return rows;
  }

  /** All rows by a scan of keys and our own decoder of rows, as text. */
  async function readRows(table: TableVersion, ts: Ts): Promise<Text[]> {
    const decoder = table.rowDecoder(table.columns.map((column) => column.id));
    for (const { start, end } of table.recordRanges) {
      for await (const page of h.cluster.snapshots.at(ts).scan(start, end, {}, NEVER)) {
        for (const { key, value } of page) decoder.append(new ByteSlice(key), new ByteSlice(value));
      }
    }
    const { rows } = decoder;
    return textRows(
      decoder.finish(),
      rows,
      table.columns.map((column) => column.type),
    );
  }

  async function select(table: TableVersion, ts: Ts, columns: readonly string[], rest = ''): Promise<Text[]> {
    const items = columns.map((name, i) => `cast(${name} as char) c${i}`).join(', ');
    const rows = await h.queryAt(ts, `select ${items} from ${table.info.name.original} ${rest}`);
    return rows.map((row) => columns.map((_, i) => (row[`c${i}`] ?? null) as string | null));
  }

  const names = (table: TableVersion): string[] => table.columns.map((column) => column.name.original);

  it('give every type as TiDB does, by the coprocessor and by keys', async () => {
    const table = await h.create(
      'types',
      `(id bigint primary key, t tinyint, tu tinyint unsigned, s smallint, m mediumint, i int, iu int unsigned,
        b bigint, bu bigint unsigned, y year, f float, d double, dc decimal(20,6), dw decimal(60,20), c char(10),
        v varchar(300), vb varbinary(20), tx text, dt date, dtm datetime(3), ts timestamp(6) null, tm time(2),
        e enum('a','b','c'), st set('x','y','z'), bt bit(12), j json)`,
    );
    await h.query(`insert into types values
      (1, -128, 255, -32768, 8388607, -2147483648, 4294967295, -9223372036854775808, 18446744073709551615, 2024,
       1.5, -2.25e300, 12345678901234.567891, -1234567890123456789012345678901234567890.12345678901234567890, 'abc ',
       'äöü', 'bytes', repeat('x', 5000), '2024-02-29', '2024-02-29 23:59:59.123', '2001-02-03 04:05:06.789012',
       '-838:59:59', 'b', 'x,z', b'101', '{"a": [1, 2.5, "x"], "b": null}'),
      (2, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null,
       null, null, null, null, null, null, null),
      (3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, '', '', '', '', '1000-01-01', '1000-01-01', '1970-01-01 00:00:01',
       '0', 'a', '', b'0', '[]')`);
    const ts = await h.tso();
    const byKeys = await readRows(table, ts);
    expect(await scan(table, ts)).to.deep.equal(byKeys);
    const plain = names(table).filter((name) => !['bt', 'f', 'd'].includes(name));
    const at = plain.map((name) => names(table).indexOf(name));
    const expected = await select(table, ts, plain, 'order by id');
    expect(byKeys.map((row) => at.map((i) => row[i]))).to.deep.equal(expected);
  });

  it('give columns that rows were written without their defaults', async () => {
    await h.create('late', '(id int primary key)');
    await h.query('insert into late values (1), (2)');
    await h.query(`alter table late add column a int default 7, add column b varchar(5) default 'abc',
      add column c decimal(5,2) default 1.50, add column d datetime(2) default '2020-01-02 03:04:05.67',
      add column e int, add column f double default -0.5, add column g enum('p','q') default 'q',
      add column t time(1) default '-01:02:03.4', add column u bigint unsigned default 18446744073709551615`);
    await h.query('insert into late (id) values (3)');
    const table = await h.table('late');
    const ts = await h.tso();
    const rows = await scan(table, ts);
    expect(rows).to.deep.equal(await select(table, ts, names(table), 'order by id'));
    expect(new Set(rows.map((row) => JSON.stringify(row.slice(1)))).size).to.equal(1);
  });

  it('give hidden row ids and clustered keys', async () => {
    const hidden = await h.create('hidden', '(a int)');
    await h.query('insert into hidden values (10), (20), (30)');
    const ts = await h.tso();
    const rowId: ScanColumn = {
      id: ROWID_COLUMN,
      type: { ...hidden.columns[0]!.type, tp: MysqlType.longlong },
      isHandle: true,
    };
    const plan = planOf(hidden, { columns: [rowId, ...scanColumnsOf(hidden)] });
    expect(await scan(hidden, ts, plan)).to.deep.equal(
      await select(hidden, ts, ['_tidb_rowid', 'a'], 'order by _tidb_rowid'),
    );
    const clustered = await h.create('clust', '(a varchar(10), b int, c int, primary key (a, b) clustered)');
    await h.query("insert into clust values ('x', 2, 1), ('x', 1, 2), ('A', 1, 3), ('ab ', 5, 4)");
    const at = await h.tso();
    expect(await scan(clustered, at)).to.deep.equal(await readRows(clustered, at));
    expect((await scan(clustered, at)).length).to.equal(4);
  });

  it('test conditions as SQL does', async () => {
    const table = await h.create(
      'cond',
      `(id int primary key, i int, u bigint unsigned, d double, dc decimal(20,3), s varchar(20),
        ci varchar(20) collate utf8mb4_general_ci, dt date, dtm datetime(3), tm time)`,
    );
    const values = Array.from({ length: 200 }, (_, n) => {
      const maybe = (text: string, every: number): string => (n % every === 0 ? 'null' : text);
      return `(${n}, ${maybe(String((n * 37) % 100), 11)}, ${maybe(String(18446744073709551615n - BigInt(n % 5)), 13)},
        ${maybe(String((n % 20) / 8 - 1), 7)}, ${maybe(`${n % 30}.${n % 1000}`, 9)}, ${maybe(`'s${n % 10}'`, 12)},
        ${maybe(n % 2 === 0 ? `'Abc${n % 4}'` : `'aBC${n % 4} '`, 15)}, ${maybe(`'2024-01-${1 + (n % 28)}'`, 8)},
        ${maybe(`'2024-01-01 00:00:${n % 60}.5'`, 10)}, ${maybe(`'${n % 24}:00:00'`, 14)})`;
    });
    await h.query(`insert into cond values ${values.join(', ')}`);
    const ts = await h.tso();
    const column = (name: string): number => names(table).indexOf(name);
    const is = (name: string, op: '=' | '<>' | '<' | '<=' | '>' | '>=', value: Constant): Condition => ({
      kind: 'compare',
      op,
      column: column(name),
      value,
    });
    const int = (value: bigint): Constant => ({ kind: 'int', value, isUnsigned: false });
    const decimal = (unscaled: bigint, scale: number): Constant => ({
      kind: 'decimal',
      value: new Decimal(unscaled, scale),
    });
    const packed = (day: bigint): bigint => (((2024n * 13n + 1n) << 5n) | day) << 41n;
    const cases: readonly (readonly [string, Condition])[] = [
      ['i = 37', is('i', '=', int(37n))],
      ['i <> 37', is('i', '<>', int(37n))],
      ['i < 50', is('i', '<', int(50n))],
      ['i >= -5', is('i', '>=', int(-5n))],
      [
        'u > 18446744073709551612',
        is('u', '>', { kind: 'int', value: 18446744073709551612n, isUnsigned: true }),
      ],
      ['u > -1', is('u', '>', int(-1n))],
      ['d <= 0.25', is('d', '<=', { kind: 'real', value: 0.25 })],
      ['d > -0.5', is('d', '>', { kind: 'real', value: -0.5 })],
      ['dc >= 12.012', is('dc', '>=', decimal(12012n, 3))],
      ['dc < 5', is('dc', '<', decimal(5n, 0))],
      ["s = 's3'", is('s', '=', { kind: 'string', value: utf8('s3') })],
      ["s > 's7'", is('s', '>', { kind: 'string', value: utf8('s7') })],
      ["ci = 'abc1'", is('ci', '=', { kind: 'string', value: utf8('abc1') })],
      ["dt < '2024-01-10'", is('dt', '<', { kind: 'time', packed: packed(10n) })],
      ["dtm >= '2024-01-01 00:00:30'", is('dtm', '>=', { kind: 'time', packed: packed(1n) | (30n << 24n) })],
      ["tm <= '12:00:00'", is('tm', '<=', { kind: 'duration', nanoseconds: 12n * 3600n * 1_000_000_000n })],
      ['i is null', { kind: 'isNull', column: column('i') }],
      ['not (s is null)', { kind: 'not', condition: { kind: 'isNull', column: column('s') } }],
      ['not (i < 50)', { kind: 'not', condition: is('i', '<', int(50n)) }],
      ['i in (1, 37, 74)', { kind: 'in', column: column('i'), values: [int(1n), int(37n), int(74n)] }],
      [
        "s in ('s1', 's2')",
        {
          kind: 'in',
          column: column('s'),
          values: ['s1', 's2'].map((v) => ({ kind: 'string', value: utf8(v) })),
        },
      ],
      [
        "(i < 20 or s = 's5') and d > 0",
        {
          kind: 'and',
          conditions: [
            {
              kind: 'or',
              conditions: [is('i', '<', int(20n)), is('s', '=', { kind: 'string', value: utf8('s5') })],
            },
            is('d', '>', { kind: 'real', value: 0 }),
          ],
        },
      ],
    ];
    for (const [text, condition] of cases) {
      const plan = planOf(table, { conditions: [condition], output: [0] });
      const got = (await scan(table, ts, plan)).map(([id]) => id);
      const expected = (await select(table, ts, ['id'], `where ${text} order by id`)).map(([id]) => id);
      expect(got, text).to.deep.equal(expected);
      expect(expected.length, `${text} tests nothing`).to.be.within(1, 199);
    }
  });

  it('see a snapshot, not what is committed later, and resolve the locks in their way', async () => {
    const table = await h.create('snap', '(id int primary key, v int)');
    await h.query('insert into snap values (1, 1), (2, 2)');
    const before = await h.tso();
    await h.query('update snap set v = v + 10');
    await h.query('insert into snap values (3, 3)');
    expect(await scan(table, before)).to.deep.equal([
      ['1', '1'],
      ['2', '2'],
    ]);
    const { start } = table.recordRanges[0]!;
    const key = (await firstKey(start, before))!;
    // A dead client's lock, and a living one's.
    for (const lockTtlMs of [1, 60_000]) {
      const txn = h.cluster.transactions.begin({
        startTs: await h.tso(),
        primary: key,
        mutations: [{ kind: 'delete', key }],
        txnSource: 0,
        lockTtlMs,
      });
      expect((await txn.prewrite(0, NEVER)).kind).to.equal('ok');
      await txn[Symbol.asyncDispose]();
      await new Promise((resolve) => setTimeout(resolve, 10));
      expect((await scan(table, await h.tso())).length).to.equal(3);
      expect((await readRows(table, await h.tso())).length).to.equal(3);
      if (lockTtlMs > 1) await txn.rollback(NEVER);
    }
  });

  it('read a whole table although its range looks like a point', async () => {
    const table = await h.create('point', '(id int primary key)');
    await h.query('insert into point values (1), (2), (3)');
    const { start } = table.recordRanges[0]!;
    const prefix = start.subarray(0, 11);
    const range = { start: prefix, end: prefixEnd(prefix) };
    const pages = h.cluster.coprocessor.scanTable(
      { plan: planOf(table), ranges: [range], ts: await h.tso() },
      NEVER,
    );
    let rows = 0;
    for await (const page of pages) rows += page.rows;
    expect(rows).to.equal(3);
  });

  it('go on from where a page ended', async () => {
    const table = await h.create('resume', '(id int primary key, v varchar(100))');
    await h.query('split table resume between (0) and (20000) regions 5');
    const values = Array.from({ length: 3000 }, (_, i) => `(${i * 6}, 'value ${i}')`);
    await h.query(`insert into resume values ${values.join(', ')}`);
    const ts = await h.tso();
    const seen: number[] = [];
    let { start } = table.recordRanges[0]!;
    const { end } = table.recordRanges[0]!;
    for (let lives = 0; Buffer.compare(start, end) < 0; lives++) {
      expect(lives).to.be.below(100);
      const ranges = [{ start, end }];
      for await (const page of h.cluster.coprocessor.scanTable({ plan: planOf(table), ranges, ts }, NEVER)) {
        seen.push(
          ...textRows(
            page.columns,
            page.rows,
            table.columns.map((c) => c.type),
          ).map(([id]) => Number(id)),
        );
        start = page.doneUpTo;
        break;
      }
    }
    expect(seen).to.deep.equal(values.map((_, i) => i * 6));
  });

  it('equal SELECT at a snapshot while regions split, merge and move, and all kinds of faults strike', async () => {
    const table = await h.create('chaos', '(id int primary key, v int, t varchar(200), key (v))');
    await h.query(
      `insert into chaos select a * 100 + b, a, repeat('t', b) from (${numbers(20)}) x join (${numbers(100, 'b')}) y`,
    );
    isMirrored = false;
    await h.rig.setFaults('kv,pd', { spareTidb: true, delayMs: 5 });
    const over = new AbortController();
    const disturbing = disturb(table, over.signal);
    const writing = write(over.signal);
    try {
      for (let round = 0; round < 8; round++) {
        const ts = await h.tso();
        const expected = await select(table, ts, ['id', 'v', 't'], 'order by id');
        expect(await scan(table, ts), `round ${round}`).to.deep.equal(expected);
        expect(await readRows(table, ts), `round ${round}`).to.deep.equal(expected);
      }
    } finally {
      over.abort();
      await Promise.all([disturbing, writing]);
    }
  });

  const numbers = (count: number, name = 'a'): string =>
    Array.from({ length: count }, (_, i) => `select ${i} ${name}`).join(' union all ');

  async function firstKey(start: Uint8Array, ts: Ts): Promise<Uint8Array | undefined> {
    const pages = h.cluster.snapshots.at(ts).scan(start, prefixEnd(start), { pageRows: 1 }, NEVER);
    for await (const page of pages) return page[0]!.key;
    return undefined;
  }

  async function disturb(table: TableVersion, signal: AbortSignal): Promise<void> {
    const { start, end } = table.recordRanges[0]!;
    for (let i = 0; !signal.aborted; i++) {
      const regions = await h.cluster.regions.cover(start, end, NEVER);
      const region = regions[i % regions.length]!;
      const key = Buffer.concat([
        start.subarray(0, 11),
        Buffer.from([0x80, 0, 0, 0, 0, 0, (i * 7) % 8, (i * 97) % 256]),
      ]);
      // A region that has changed meanwhile is refused: never mind.
      const acts = [
        () => h.rig.split(key),
        () => h.rig.transferLeader(region.id, BigInt(1 + (i % 3))),
        () => h.rig.merge(region.id),
      ];
      await acts[i % 3]!().catch(() => undefined);
      await new Promise((resolve) => setTimeout(resolve, 15));
    }
  }

  async function write(signal: AbortSignal): Promise<void> {
    const other = await connect(h.rig);
    for (let i = 0; !signal.aborted; i++) {
      await other.query(`update e2e.chaos set v = v + 1, t = concat('u', ${i}) where id % 50 = ${i % 50}`);
    }
    await other.end();
  }
});
