import { expect } from 'chai';
import type { FieldType } from '../../../../src/codec/field-type.js';
import { mergeTypes } from '../../../../src/plan/typing/merge-types.js';
import { typeName } from '../../../../src/plan/typing/value-class.js';
import { notNull, text, typeOf, unsigned } from '../table.js';

function shown(types: readonly FieldType[]): string {
  const merged = mergeTypes(types, 'union');
  if (merged.kind === 'refused') return merged.reason;
  const { type } = merged;
  const isNotNull = (type.flag & 1) === 1 ? ' NOT NULL' : '';
  return `${typeName(type)}${type.decimal > 0 ? ` ${type.decimal}` : ''}${isNotNull}`;
}

const INT = typeOf('long', { flen: 11 });
const BIG = typeOf('longlong');
const DECIMAL = typeOf('newdecimal', { flen: 10, decimal: 2 });

describe('plan/typing/merge-types', () => {
  const cases: readonly (readonly [string, readonly FieldType[]])[] = [
    ['INT', [INT, INT]],
    ['BIGINT', [INT, BIG]],
    ['INT NOT NULL', [notNull(INT), notNull(INT)]],
    ['INT', [notNull(INT), typeOf('null')]],
    ['BIGINT UNSIGNED', [unsigned(INT), unsigned(BIG)]],
    ['BIGINT', [unsigned(INT), INT]],
    ['BIGINT', [unsigned(INT), BIG]],
    ['DECIMAL', [unsigned(BIG), INT]],
    ['DECIMAL 2', [DECIMAL, BIG]],
    ['DECIMAL 5', [DECIMAL, typeOf('newdecimal', { flen: 20, decimal: 5 })]],
    ['DOUBLE', [DECIMAL, typeOf('double', { decimal: -1 })]],
    ['VARCHAR', [text(), text()]],
    ['strings of different collations are merged', [text(), text('utf8mb4_general_ci')]],
    ['DATETIME 3', [typeOf('date'), typeOf('datetime', { decimal: 3 })]],
    ['DATE', [typeOf('date'), typeOf('date')]],
    ['values of the types VARCHAR and INT are merged', [text(), INT]],
    ['values of the types DATE and INT are merged', [typeOf('date'), INT]],
    ['all the values are NULL', [typeOf('null')]],
  ];
  for (const [expected, types] of cases) {
    it(`makes ${expected} of ${types.map(typeName).join(' and ')}`, () =>
      expect(shown(types)).equal(expected));
  }
});
