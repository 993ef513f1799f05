import { expect } from 'chai';
import { ByteWriter } from '../../../src/base/byte-writer.js';
import { toHex, utf8 } from '../../../src/base/bytes.js';
import { KeyCellWriter, WHOLE } from '../../../src/codec/cell-writer.js';
import { BytesBuilder } from '../../../src/codec/column-builder.js';
import { needsRestoredData } from '../../../src/codec/string-type.js';
import { fieldType } from './support/field-types.js';

describe('strings in keys', () => {
  // TiDB's own table (pkg/types/etc_test.go), and types that are no strings.
  for (const [type, isNeeded] of [
    ['binary(9)', false],
    ['varbinary(9)', false],
    ['char(9)', false],
    ['varchar(9)', true],
    ['text', false],
    ['char(9) collate utf8mb4_general_ci', true],
    ['varchar(9) collate utf8mb4_general_ci', true],
    ['text collate utf8mb4_general_ci', true],
    ['char(9) collate utf8mb4_0900_ai_ci', true],
    ['char(9) collate utf8mb4_0900_bin', false],
    ['varchar(9) collate utf8mb4_0900_bin', false],
    ['varchar(9) collate gbk_bin', true],
    ['char(9) collate latin1_bin', false],
    ['varchar(9) collate ascii_bin', true],
    ['int', false],
    ["enum('a') collate utf8mb4_general_ci", false],
  ] as const) {
    it(`${isNeeded ? 'lose something' : 'are whole'}: ${type}`, () => {
      expect(needsRestoredData(fieldType(type), true)).to.equal(isNeeded);
      expect(needsRestoredData(fieldType(type), false)).to.equal(false);
    });
  }

  function key(type: string, text: string, prefixLength: number): string {
    const builder = new BytesBuilder();
    builder.append(utf8('before'), 0, 6);
    builder.append(utf8(text), 0, utf8(text).length);
    const out = new ByteWriter();
    const writer = new KeyCellWriter(fieldType(type), { prefixLength, isNewCollation: true });
    expect(writer.write(out, builder.view(), 1)).to.equal(true);
    return toHex(out.take());
  }

  for (const [type, text, prefixLength, expected] of [
    ['varchar(9)', 'abcd', WHOLE, '016162636400000000fb'],
    ['varchar(9)', 'abcd', 4, '016162636400000000fb'],
    ['varchar(9)', 'abcd', 3, '016162630000000000fa'],
    ['varchar(9)', 'éab', 2, '01c3a9610000000000fa'],
    ['varchar(9)', 'éa', 2, '01c3a9610000000000fa'],
    ['varchar(9)', 'a  b', 3, '016100000000000000f8'],
    ['varbinary(9)', 'éab', 2, '01c3a9000000000000f9'],
    ['varbinary(9)', 'a', 2, '016100000000000000f8'],
    ['char(9) collate ascii_bin', 'abc', 2, '016162000000000000f9'],
    ['varchar(9) collate utf8mb4_general_ci', 'aéb', 2, '010041004500000000fb'],
  ] as const) {
    it(`are cut: ${prefixLength} of '${text}' in ${type}`, () => {
      expect(key(type, text, prefixLength)).to.equal(expected);
    });
  }
});
