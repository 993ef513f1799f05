import { expect } from 'chai';
import type { FieldType } from '../../../src/codec/field-type.js';
import { disagreement } from '../../../src/plan/type-agreement.js';
import { text, typeOf, unsigned } from './table.js';

function compare(type: FieldType, theirs: string, collation?: string): string | undefined {
  return disagreement({ name: 'c', type }, { name: 'c', type: theirs, collation, isNotNull: false });
}

describe('plan/type-agreement', () => {
  it('agrees where values are the same', () => {
    expect(compare(typeOf('long'), 'bigint(1)')).equal(undefined);
    expect(compare(unsigned(typeOf('longlong')), 'bigint(20) unsigned')).equal(undefined);
    expect(compare(typeOf('newdecimal', { decimal: 3 }), 'decimal(16,3)')).equal(undefined);
    expect(compare(typeOf('datetime', { decimal: 3 }), 'datetime(3)')).equal(undefined);
    expect(compare(typeOf('duration'), 'time')).equal(undefined);
    expect(compare(text('utf8mb4_general_ci'), 'longtext', 'utf8mb4_general_ci')).equal(undefined);
    expect(compare(typeOf('varchar'), 'varbinary(20)')).equal(undefined);
    expect(compare(typeOf('enum', { elems: ['a', "it's", 'c,d'] }), "enum('a','it''s','c,d')")).equal(
      undefined,
    );
  });

  it('tells where they are not', () => {
    expect(compare(typeOf('long'), 'double')).include('double for TiDB, integer for TiView');
    expect(compare(typeOf('newdecimal', { decimal: 3 }), 'decimal(16,4)')).include('decimal of scale 3');
    expect(compare(typeOf('datetime', { decimal: 3 }), 'datetime')).include('datetime of scale 3');
    expect(compare(typeOf('timestamp'), 'datetime')).include('timestamp');
    expect(compare(text(), 'varbinary(20)')).include('string');
    expect(compare(text(), 'varchar(20)', 'utf8mb4_general_ci')).include('collation utf8mb4_general_ci');
    expect(compare(typeOf('enum', { elems: ['a'] }), "enum('a','b')")).include('enum of 1');
  });
});
