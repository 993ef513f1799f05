import { expect } from 'chai';
import { TiviewError } from '../../../src/base/errors.js';
import { ts } from '../../../src/codec/tso.js';
import type { BuildRecord } from '../../../src/commit/build-record.js';
import { editOf } from '../../../src/view/casualty.js';
import { LiveView } from '../../../src/view/live-view.js';
import { BackingTable } from '../../../src/commit/backing-table.js';
import { Catalog } from '../../../src/catalog/catalog.js';
import type { MetaReader } from '../../../src/catalog/meta-reader.js';
import { baseTable } from '../../support/base-table.js';
import { PendingEdits } from '../../../src/view/pending-edits.js';
import { Registry, lastOfEach, registryChange } from '../../../src/view/registry.js';
import { failedAnswer, isForSuccessor, parseRequest } from '../../../src/view/requests.js';
import { type ViewRecord, viewOfRecord, viewToRecord } from '../../../src/view/view-record.js';
import { failureOf } from '../../support/failure.js';
import { registryTables } from '../../support/registry.js';
import { SqlError } from '../../../src/base/errors.js';

/** Nobody reads the catalog here. */
const registryReader: MetaReader = {
  get: () => Promise.resolve(undefined),
  async *scan() {
    // There is nothing.
  },
};

const VIEW: ViewRecord = {
  ...{ id: 450n, schema: 'Shop', name: 'Hot', state: 'BUILDING', tableId: 12, statement: 'CREATE …' },
  ...{ definition: 'SELECT 1', fingerprint: 'f', appliedTs: undefined, lastError: undefined },
  output: [{ name: 'a', alias: 'A', comparison: 'exact' }],
  pinned: {
    ...{ database: 'shop', sqlMode: '', timeZone: 'UTC', collation: 'utf8mb4_bin' },
    ...{ divPrecisionIncrement: 4, definer: 'root@%' },
  },
  options: { tableDdl: '(a int)', bases: [{ schema: 'shop', name: 't', columns: ['a'] }] },
  createdTs: ts(450n),
  replaces: 449n,
};
const BUILD: BuildRecord = {
  ...{ viewId: 450n, attempt: 1n, term: 1n, phase: 'merged', tableId: 12, tableName: 'build_450_1' },
  ...{ snapshotTs: ts(451n), appliedTs: ts(452n), rowsWritten: 3n },
};

/** A maintained view of which nothing but the id matters. */
function liveView(): LiveView {
  const sources = [{ table: { version: baseTable(), columnIds: [] }, shownName: 't', conditions: [] }];
  const spec = { viewId: 450n, hasKey: true, root: { kind: 'source', table: 100, columns: [] } } as const;
  const table = new BackingTable(new Catalog(registryReader, true), baseTable(), []);
  return new LiveView({
    id: 450n,
    compiled: { spec, fingerprint: '', sources },
    table,
    rowIds: undefined,
    rows: 0n,
  });
}

describe('view record', () => {
  it('is read as it was written, through the table too', () => {
    const { views } = registryTables();
    for (const view of [VIEW, { ...VIEW, appliedTs: ts(9n), lastError: 'why', replaces: undefined }]) {
      const { key, value } = views.encode(viewToRecord(view));
      expect(viewOfRecord(views.decode(key, value))).to.deep.equal(view);
    }
  });

  it('is INVALID when a newer version has given it a state of its own', () => {
    expect(viewOfRecord({ ...viewToRecord(VIEW), state: 'SLEEPING' }).state).to.equal('INVALID');
  });
});

describe('registry', () => {
  it('finds the view that a name means, not one that is built in its place', () => {
    const old = { ...VIEW, id: 449n, replaces: undefined };
    const registry = new Registry([VIEW, old]);
    expect(registry.named('SHOP', 'hot')?.id).to.equal(449n);
    registry.apply([{ kind: 'deleteView', id: 449n }]);
    expect(registry.named('shop', 'HOT')?.id).to.equal(450n);
    expect(registry.named('shop', 'cold')).to.equal(undefined);
  });

  it('counts its changes', () => {
    const registry = new Registry();
    registry.apply([]);
    expect(registry.version).to.equal(0);
    registry.apply([{ kind: 'putBuild', build: BUILD }]);
    expect([registry.version, registry.build(450n)]).to.deep.equal([1, BUILD]);
    registry.apply([{ kind: 'deleteBuild', viewId: 450n }]);
    expect(registry.build(450n)).to.equal(undefined);
  });

  it('shows what changes will come to, without making them', () => {
    const registry = new Registry([VIEW], [BUILD]);
    const after = registry.with([{ kind: 'deleteView', id: 450n }]);
    expect([after.view(450n), after.build(450n)]).to.deep.equal([undefined, BUILD]);
    expect(registry.view(450n)).to.equal(VIEW);
  });

  it('writes each row once in an epoch', () => {
    const ready = { kind: 'putView', view: { ...VIEW, state: 'READY' } } as const;
    const frozen = { kind: 'putView', view: { ...VIEW, state: 'FROZEN' } } as const;
    const gone = { kind: 'deleteBuild', viewId: 450n } as const;
    expect(lastOfEach([ready, { kind: 'putBuild', build: BUILD }, gone, frozen])).to.deep.equal([
      frozen,
      gone,
    ]);
    expect(lastOfEach([ready, { kind: 'deleteView', id: 450n }]).map(registryChange)).to.deep.equal([
      { table: 'views', kind: 'delete', record: { id: 450n } },
    ]);
  });

  it('freezes a view as the same epoch leaves it, but not one that is being dropped', () => {
    const casualty = { view: liveView(), state: 'FROZEN', reason: 'why' } as const;
    const registry = new Registry([VIEW]);
    const published = { ...VIEW, state: 'READY' as const, replaces: undefined };
    const after = registry.with([{ kind: 'putView', view: published }]);
    expect(editOf(casualty, after, ts(7n))).to.deep.equal([
      { kind: 'putView', view: { ...published, state: 'FROZEN', appliedTs: 7n, lastError: 'why' } },
    ]);
    const dropping = registry.with([{ kind: 'putView', view: { ...VIEW, state: 'DROPPING' } }]);
    expect(editOf(casualty, dropping, ts(7n))).to.deep.equal([]);
    expect(editOf(casualty, new Registry(), ts(7n))).to.deep.equal([]);
  });
});

describe('pending edits', () => {
  const edit = { kind: 'deleteView', id: 1n } as const;

  it('are taken together and are done together', async () => {
    const pending = new PendingEdits();
    const { signal } = new AbortController();
    const done: number[] = [];
    const works = [1, 2].map((n) => pending.add([edit], signal).then(() => done.push(n)));
    expect(pending.count).to.equal(2);
    const taken = pending.take();
    expect([taken.edits.length, pending.count]).to.deep.equal([2, 0]);
    taken.done();
    await Promise.all(works);
    expect(done).to.deep.equal([1, 2]);
  });

  it('are withdrawn by their signal as long as nobody has taken them', async () => {
    const pending = new PendingEdits();
    const controller = new AbortController();
    const first = failureOf(pending.add([edit], controller.signal));
    const kept = pending.add([edit], new AbortController().signal);
    controller.abort(new Error('enough'));
    expect((await first)?.message).to.equal('enough');
    expect(pending.count).to.equal(1);
    pending.take().done();
    await kept;
    expect((await failureOf(pending.add([edit], controller.signal)))?.message).to.equal('enough');
  });
});

describe('requests', () => {
  it('carry 64-bit numbers through JSON', () => {
    const view = viewToRecord(VIEW);
    const packed = Object.fromEntries(
      Object.entries(view).map(([name, value]) => [
        name,
        typeof value === 'bigint' ? { n: String(value) } : value,
      ]),
    );
    expect(parseRequest(JSON.stringify({ kind: 'create', view: packed }))).to.deep.equal({
      kind: 'create',
      view: VIEW,
    });
    expect(parseRequest('{"kind":"drop","viewId":"18446744073709551615"}')).to.deep.equal({
      kind: 'drop',
      viewId: 18446744073709551615n,
    });
    expect(parseRequest('{"kind":"waitFor","ts":"7"}')).to.deep.equal({ kind: 'waitFor', ts: 7n });
  });

  it('are answered with TiDB’s error, or ours', () => {
    expect(failedAnswer(new SqlError(1062, '23000', 'dup'))).to.deep.equal({
      ...{ kind: 'failed', errno: 1062, sqlState: '23000', message: 'dup' },
    });
    expect(failedAnswer(new Error('x'))).to.include({ errno: 1105, sqlState: 'HY000' });
  });

  it('are left to the successor when the owner ends', () => {
    const error = (kind: string) => new TiviewError('x', { kind, side: 'proxy', isRetryable: true });
    expect(isForSuccessor(error('deposed'))).to.equal(true);
    expect(isForSuccessor(error('budget'))).to.equal(false);
    expect(isForSuccessor(new Error('deposed'))).to.equal(false);
  });
});
