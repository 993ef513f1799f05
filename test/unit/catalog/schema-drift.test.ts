import { expect } from 'chai';
import { schemaDrift } from '../../../src/catalog/schema-drift.js';
import { asPrimaryKey, fieldType } from '../codec/support/field-types.js';
import { ciName, columnJson, indexJson, tableInfo, tableJson, tableVersion } from './support/table-json.js';

type Json = Readonly<Record<string, unknown>>;

const ID = columnJson(0, 'id', asPrimaryKey(fieldType('int')));
const S = columnJson(1, 's', fieldType('varchar(9)'));
const X = columnJson(2, 'x', fieldType('int'));
const BASE = tableJson([ID, S, X], { pk_is_handle: true });
const built = tableVersion(BASE);

/** The view uses id and s. */
function drift(more: Json, databaseId = 1): ReturnType<typeof schemaDrift> {
  return schemaDrift(built, [1, 2], { databaseId, info: tableInfo({ ...BASE, ...more }) });
}

describe('schema drift', () => {
  it('is none when nothing changed that is known here', () => {
    expect(drift({})).to.deep.equal({ kind: 'unchanged' });
    expect(
      drift({ auto_inc_id: 7, stats_options: {}, policy_ref_info: {}, tiflash_replica: {} }),
    ).to.deep.equal({ kind: 'unchanged' });
  });

  for (const [what, more] of [
    [
      'a column that is not used',
      { cols: [ID, S, { ...X, type: columnJson(2, 'x', fieldType('bigint'))['type'] }] },
    ],
    ['a column less that is not used', { cols: [ID, S] }],
    ['a column more', { cols: [ID, S, X, columnJson(3, 'y', fieldType('int'))] }],
    ['another order of columns', { cols: [ID, { ...X, offset: 1 }, { ...S, offset: 2 }] }],
    ['an index', { index_info: [indexJson(1, 'i', [1])] }],
    ['a comment', { comment: 'x' }],
    ['a life time', { ttl_info: {} }],
    ['foreign keys', { fk_info: [{}] }],
    ['a default for new rows', { cols: [ID, { ...S, default: 'x' }, X] }],
    ['a key flag of a used column', { cols: [ID, { ...S, type: { ...(S['type'] as Json), Flag: 8 } }, X] }],
    ['a change that is under way', { cols: [ID, { ...S, changing_type: S['type'] }, X] }],
  ] as const) {
    it(`is harmless: ${what}`, () => {
      expect(drift(more)).to.deep.equal({ kind: 'harmless' });
    });
  }

  it('is a new name, or a new database', () => {
    expect(drift({ name: ciName('T2') })).to.deep.equal({
      kind: 'renamed',
      from: { databaseId: 1, name: 't' },
      to: { databaseId: 1, name: 'T2' },
    });
    expect(drift({}, 2).kind).to.equal('renamed');
  });

  const partition = { type: 2, enable: true, expr: 'id', definitions: [{ id: 101, name: ciName('p0') }] };
  for (const [what, more, reason] of [
    ['a used column is gone', { cols: [ID, { ...X, offset: 1 }] }, "'s' was dropped"],
    ['a used column is being dropped', { cols: [ID, { ...S, state: 2 }, X] }, 'being dropped'],
    ['a used column has another name', { cols: [ID, { ...S, name: ciName('q') }, X] }, "renamed to 'q'"],
    ['a used column is longer', { cols: [ID, columnJson(1, 's', fieldType('varchar(10)')), X] }, 'type'],
    [
      'a used column is not null',
      { cols: [ID, columnJson(1, 's', fieldType('varchar(9) not null')), X] },
      'type',
    ],
    [
      'a used column has another collation',
      { cols: [ID, columnJson(1, 's', fieldType('varchar(9) collate utf8mb4_general_ci')), X] },
      'collation',
    ],
    [
      'a used column has another value in old rows',
      { cols: [ID, { ...S, origin_default: 'x' }, X] },
      'old rows',
    ],
    ['a used column is computed', { cols: [ID, { ...S, generated_expr_string: '1' }, X] }, 'expression'],
    [
      'a used column is an array',
      { cols: [ID, { ...S, type: { ...(S['type'] as Json), Array: true } }, X] },
      'type',
    ],
    ['another id', { id: 101 }, 'replaced'],
    ['a view', { view: {} }, 'is a view now'],
    ['it is being dropped', { state: 2 }, 'being dropped'],
    ['it is temporary', { temp_table_type: 1 }, 'temporary'],
    ['rows come in past the feed', { mode: 1 }, 'past the change feed'],
    ['another kind of handle', { pk_is_handle: false }, 'primary key'],
    ['partitions', { partition }, 'partitions'],
  ] as const) {
    it(`breaks: ${what}`, () => {
      expect(drift(more)).to.have.property('kind', 'breaks');
      expect(drift(more)).to.have.property('reason').that.includes(reason);
    });
  }

  it('breaks: the table is gone', () => {
    expect(schemaDrift(built, [1], undefined)).to.include({ kind: 'breaks' });
  });

  it('breaks: the view uses a column that the table never had', () => {
    expect(schemaDrift(built, [9], built))
      .to.have.property('reason')
      .that.includes('column 9');
  });

  it('knows partitions and clustered keys', () => {
    const indexes = (columns: readonly number[]): Json => ({
      index_info: [indexJson(1, 'PRIMARY', columns, { is_primary: true, is_unique: true })],
    });
    const clustered = { ...BASE, pk_is_handle: false, is_common_handle: true, partition };
    const before = tableVersion({ ...clustered, ...indexes([0, 1]) });
    const next = (more: Json): ReturnType<typeof schemaDrift> =>
      schemaDrift(before, [-1, 1], {
        databaseId: 1,
        info: tableInfo({ ...clustered, ...indexes([0, 1]), ...more }),
      });
    expect(next({})).to.deep.equal({ kind: 'unchanged' });
    expect(next(indexes([1, 0]))).to.have.property('reason', 'the primary key changed');
    const adding = { partition: { ...partition, adding_definitions: [{ id: 102, name: ciName('p1') }] } };
    expect(next(adding)).to.deep.equal({ kind: 'harmless' });
    const added = {
      partition: { ...partition, definitions: [...partition.definitions, { id: 102, name: ciName('p1') }] },
    };
    expect(next(added)).to.have.property('reason', 'the partitions changed');
  });
});
