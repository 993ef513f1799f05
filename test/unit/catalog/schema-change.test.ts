import { expect } from 'chai';
import { fromHex, toHex, utf8 } from '../../../src/base/bytes.js';
import { SchemaError } from '../../../src/catalog/schema-error.js';
import { decodeSchemaChange, withoutMoves } from '../../../src/catalog/schema-change.js';
import { CodecError } from '../../../src/codec/codec-error.js';
import { SCHEMA_VERSION_KEY, databaseMetaKey, tableMetaKey } from '../../../src/codec/meta-keys.js';
import { ts } from '../../../src/codec/tso.js';
import { fieldType } from '../codec/support/field-types.js';
import { ciName, columnJson, tableInfo, tableJson } from './support/table-json.js';

const AT = ts(5n);
const TABLE = tableJson([columnJson(0, 'a', fieldType('int'))]);
const DATABASE = { id: 2, db_name: ciName('d'), state: 5 };

function change(key: Uint8Array, json: unknown): ReturnType<typeof decodeSchemaChange> {
  const value = json === undefined ? undefined : utf8(JSON.stringify(json));
  return decodeSchemaChange({ key, value, commitTs: AT });
}

describe('schema changes', () => {
  it('are read from changes of meta keys', () => {
    const info = tableInfo(TABLE);
    expect(change(tableMetaKey(2, 100), TABLE)).to.deep.equal({
      kind: 'tablePut',
      commitTs: AT,
      databaseId: 2,
      info,
    });
    expect(change(tableMetaKey(2, 100), undefined)).to.deep.equal({
      kind: 'tableDropped',
      commitTs: AT,
      databaseId: 2,
      tableId: 100,
    });
    expect(change(databaseMetaKey(2), DATABASE)).to.deep.include({ kind: 'databasePut', commitTs: AT });
    expect(change(databaseMetaKey(2), undefined)).to.deep.equal({
      kind: 'databaseDropped',
      commitTs: AT,
      databaseId: 2,
    });
    expect(change(SCHEMA_VERSION_KEY, 5)).to.deep.equal({ kind: 'irrelevant' });
    const counter = fromHex(toHex(tableMetaKey(2, 100)).replace(toHex(utf8('Table')), toHex(utf8('TARID'))));
    expect(change(counter, 5)).to.deep.equal({ kind: 'irrelevant' });
  });

  it('are refused when the key is none of the meta range, or the value cannot be understood', () => {
    expect(() => change(utf8('t'), TABLE)).to.throw(CodecError);
    expect(() => change(tableMetaKey(2, 100), {})).to.throw(SchemaError);
    expect(() => change(databaseMetaKey(2), {})).to.throw(SchemaError);
  });

  it('lose the drop that goes with a move', () => {
    const dropped = change(tableMetaKey(2, 100), undefined);
    const put = change(tableMetaKey(3, 100), TABLE);
    const other = change(tableMetaKey(2, 101), undefined);
    expect(withoutMoves([dropped, put, other, { kind: 'irrelevant' }])).to.deep.equal([put, other]);
    expect(withoutMoves([dropped, { ...put, commitTs: ts(6n) } as typeof put])).to.have.length(2);
  });
});
