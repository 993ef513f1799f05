import { expect } from 'chai';
import { toHex } from '../../../src/base/bytes.js';
import { SqlError } from '../../../src/base/errors.js';
import { intHandle, recordKey } from '../../../src/codec/table-keys.js';
import { mutationsOf } from '../../../src/commit/mutations.js';
import { ViewWriter } from '../../../src/commit/view-writer.js';
import type { Mutation } from '../../../src/tikv/two-phase-commit/mutation.js';
import { columnJson, indexJson, tableJson, tableVersion } from '../catalog/support/table-json.js';
import { asPrimaryKey, fieldType } from '../codec/support/field-types.js';
import { type WeightedRow, deltaOf } from '../dataflow/rows.js';

const INT = fieldType('int');
const CI = fieldType('varchar(20) collate utf8mb4_general_ci');
const KEYED = tableVersion(
  tableJson([columnJson(0, 'id', asPrimaryKey(INT)), columnJson(1, 'a', INT)], { pk_is_handle: true }),
);
const UNIQUE = indexJson(1, 'u', [1], { is_unique: true });
const INDEXED = tableVersion(
  tableJson([columnJson(0, 'id', asPrimaryKey(INT)), columnJson(1, 'a', INT)], {
    pk_is_handle: true,
    index_info: [UNIQUE],
  }),
);
const KEYLESS = tableVersion(tableJson([columnJson(0, 'id', INT), columnJson(1, 'a', INT)]));
const TEXT_KEYED = tableVersion(
  tableJson([columnJson(0, 'k', asPrimaryKey(CI)), columnJson(1, 'a', INT)], {
    is_common_handle: true,
    common_handle_version: 1,
    index_info: [indexJson(1, 'PRIMARY', [0], { is_primary: true, is_unique: true })],
  }),
);

const delta = (...rows: readonly WeightedRow[]) => deltaOf([INT, INT], rows);
const rowOf = (id: bigint): string => toHex(recordKey(100, intHandle(id)));

function shown(mutations: readonly Mutation[]): string[] {
  return mutations.map((mutation) => {
    const assertion = 'assert' in mutation ? ` ${mutation.assert ?? ''}` : '';
    return `${mutation.kind} ${toHex(mutation.key)}${assertion}`;
  });
}

function keyed(version: typeof KEYED, ...rows: readonly WeightedRow[]): string[] {
  return shown(mutationsOf(new ViewWriter(version, [1, 2]).encodeKeyed(delta(...rows))));
}

describe('view writer', () => {
  it('puts, deletes and updates rows of a key, each with what it expects to find', () => {
    expect(keyed(KEYED, [1, 1n, 5n], [-1, 2n, 5n], [1, 3n, 6n], [-1, 3n, 5n], [0, 4n, 4n])).to.deep.equal([
      `put ${rowOf(1n)} notExist`,
      `delete ${rowOf(2n)} exist`,
      `put ${rowOf(3n)} exist`,
    ]);
  });

  it('writes each key once when rows exchange the value of a unique index', () => {
    const all = keyed(INDEXED, [-1, 1n, 5n], [1, 1n, 6n], [-1, 2n, 6n], [1, 2n, 5n]);
    expect(all.filter((line) => line.startsWith('delete'))).to.deep.equal([]);
    expect(new Set(all.map((line) => line.split(' ')[1])).size).to.equal(4);
    expect(all.every((line) => line.endsWith(' exist'))).to.equal(true);
  });

  it('takes keys that are equal under their collation for one row', () => {
    const change = deltaOf(
      [CI, INT],
      [
        [-1, 'abc', 1n],
        [1, 'ABC', 1n],
      ],
    );
    const all = mutationsOf(new ViewWriter(TEXT_KEYED, [1, 2]).encodeKeyed(change));
    expect(all.map(({ kind }) => kind)).to.deep.equal(['put']);
  });

  it('refuses two rows of one key', () => {
    expect(() => keyed(KEYED, [1, 1n, 5n], [1, 1n, 6n]))
      .to.throw(SqlError)
      .with.property('errno', 1062);
    expect(() => keyed(KEYED, [2, 1n, 5n]))
      .to.throw(SqlError)
      .with.property('errno', 1062);
    expect(() => keyed(KEYED, [-1, 1n, 5n], [-1, 1n, 6n])).to.throw('taken away twice');
  });

  it('writes rows without a key by their hidden ids, also several equal ones', () => {
    const writer = new ViewWriter(KEYLESS, [1, 2]);
    expect(writer.hasRowIds).to.equal(true);
    const { columns } = delta([-1, 1n, 1n], [2, 7n, 7n]);
    const batch = writer.encodeWithIds(columns, [
      { kind: 'remove', row: 0, rowId: 5n },
      { kind: 'add', row: 1, rowId: (1n << 62n) + 3n },
      { kind: 'add', row: 1, rowId: 6n },
    ]);
    expect(shown(mutationsOf(batch)).sort()).to.deep.equal(
      [
        `delete ${rowOf(5n)} exist`,
        `put ${rowOf((1n << 62n) + 3n)} notExist`,
        `put ${rowOf(6n)} notExist`,
      ].sort(),
    );
  });

  it('is asked only in the way that its table wants', () => {
    expect(() => new ViewWriter(KEYED, [1, 2]).encodeWithIds([], [])).to.throw('has a key');
    expect(() => new ViewWriter(KEYLESS, [1, 2]).encodeKeyed(delta())).to.throw('has no key');
  });
});
