import { expect } from 'chai';
import { fromHex } from '../../../src/base/bytes.js';
import { CodecError } from '../../../src/codec/codec-error.js';
import { jsonEnd, jsonText, quoteJson, validateJson } from '../../../src/codec/json-binary.js';

/** Documents as TiDB stored them, and how it showed them. */
const STORED = [
  [
    '0103000000480000002900000001002a00000001002b00000001000e2c0000000f34000000113c0000006474750000000000baa01f80a0c0b8c8baa01f0079498acdd6ffff06000000',
    '{"d": "2024-02-29", "t": "2024-02-29 12:34:56.789000", "u": "-12:34:56.700000"}',
  ],
  [
    '03060000003f0000000d260000000d2b0000000f2f0000000b3700000004010000000400000000fd03616263fd0200ff000000b8c8baa01f000000000000f83f',
    '["base64:type253:YWJj", "base64:type253:AP8=", "2024-02-29 12:34:56.000000", 1.5, true, null]',
  ],
  ['0e0000000000baa01f', '"2024-02-29"'],
  ['11006a868ef644f5ff00000000', '"-838:59:59.000000"'],
  ['0400', 'null'],
  ['0401', 'true'],
  ['0402', 'false'],
  ['030000000008000000', '[]'],
  ['010000000008000000', '{}'],
  ['0c0f6101e280a80a09225cc3a9f09f9880', '"a\\u0001\\u2028\\n\\t\\"\\\\é😀"'],
  ['090000000000000080', '-9223372036854775808'],
  ['0affffffffffffffff', '18446744073709551615'],
  [
    '01030000005d0000002900000000002900000001002a00000001000c2b000000032c00000009550000006162000100000029000000010d000000010000001c00000013000000010003140000006300000000080000000100000000000000',
    '{"": "", "a": [{"c": []}], "b": 1}',
  ],
  [
    '01010000006a000000130000000100031400000061060000005600' +
      '00000b260000000b2e0000000b360000000b3e0000000b460000000a4e000000' +
      '000000000000f03f7dc39425ad49b254000000000000008050efe2d6e41a4b4448afbc9af2d77a3ed20a1feb8ca954ab',
    '{"a": [1, 1e+100, -0, 1e+21, 1e-7, 12345678901234567890]}',
  ],
] as const;

describe('binary JSON', () => {
  for (const [hex, text] of STORED) {
    it(`prints ${text} as TiDB does`, () => {
      expect(jsonText(fromHex(hex))).to.equal(text);
      expect(jsonEnd(fromHex(`${hex}ffff`), 0, hex.length / 2 + 2)).to.equal(hex.length / 2);
    });

    it(`refuses every truncation of ${text}`, () => {
      const bytes = fromHex(hex);
      for (let length = 0; length < bytes.length; length++) {
        expect(() => jsonText(bytes.slice(0, length)), `${length} bytes`).to.throw(CodecError);
      }
    });
  }

  it('escapes what JSON must escape, and shows broken bytes as U+FFFD', () => {
    expect(quoteJson(fromHex('00'))).to.equal('"\\u0000"');
    expect(quoteJson(fromHex('1f7f'))).to.equal('"\\u001f\u007f"');
    expect(quoteJson(fromHex('61ff62c3'))).to.equal('"a\\ufffdb\\ufffd"');
  });

  for (const [what, hex] of [
    ['an unknown type', '0500'],
    ['an unknown literal', '0403'],
    ['bytes after the document', '040000'],
    ['a number that is not finite', '0b000000000000f07f'],
    ['a container smaller than its header', '030000000007000000'],
    ['more entries than bytes', '03ffffffff0d0000000000000000'],
    ['a key beyond the object', '010100000013000000ff00000001000400000000'],
    ['a value beyond the array', '03010000000d000000090d000000'],
  ] as const) {
    it(`refuses ${what}`, () => {
      expect(() => {
        validateJson(fromHex(hex));
      }).to.throw(CodecError);
    });
  }

  it('refuses a container that holds itself, however deep', () => {
    // An array of one element at offset 0: itself.
    expect(() => jsonText(fromHex('03010000000d0000000300000000'))).to.throw(CodecError);
  });

  it('refuses documents that are deeper than TiDB makes them', () => {
    const nested = (depth: number): Uint8Array => {
      const bytes = new Uint8Array(1 + 13 * (depth - 1) + 8);
      const view = new DataView(bytes.buffer);
      bytes[0] = 3;
      for (let level = 0; level < depth; level++) {
        const at = 1 + 13 * level;
        const isLast = level === depth - 1;
        view.setUint32(at, isLast ? 0 : 1, true);
        view.setUint32(at + 4, bytes.length - at, true);
        if (isLast) continue;
        bytes[at + 8] = 3;
        view.setUint32(at + 9, 13, true);
      }
      return bytes;
    };
    expect(jsonText(nested(100))).to.equal('['.repeat(100) + ']'.repeat(100));
    expect(() => jsonText(nested(200))).to.throw(CodecError, 'deeper');
    expect(() => jsonText(nested(100_000))).to.throw(CodecError, 'deeper');
  });

  it('refuses a long string that is shown many times', () => {
    const [count, length] = [1000, 10_000];
    const string = 1 + 8 + 5 * count;
    const bytes = new Uint8Array(string + 2 + length).fill(0x61);
    const view = new DataView(bytes.buffer);
    bytes[0] = 3;
    view.setUint32(1, count, true);
    view.setUint32(5, bytes.length - 1, true);
    for (let i = 0; i < count; i++) {
      bytes[9 + 5 * i] = 0x0c;
      view.setUint32(10 + 5 * i, string - 1, true);
    }
    bytes.set([(length & 0x7f) | 0x80, length >> 7], string);
    expect(() => jsonText(bytes)).to.throw(CodecError, 'overlap');
  });

  it('refuses values that share bytes to make a text that has no end', () => {
    // Each level holds the next one twice; thirty levels would be a billion elements.
    const levels = 30;
    const size = 18;
    const bytes = new Uint8Array(1 + levels * size + 8);
    const view = new DataView(bytes.buffer);
    bytes[0] = 3;
    for (let level = 0; level < levels; level++) {
      const at = 1 + level * size;
      view.setUint32(at, 2, true);
      view.setUint32(at + 4, bytes.length - at, true);
      for (const entry of [at + 8, at + 13]) {
        bytes[entry] = 3;
        view.setUint32(entry + 1, size, true);
      }
    }
    view.setUint32(1 + levels * size + 4, 8, true);
    expect(() => jsonText(bytes)).to.throw(CodecError, 'overlap');
  });
});
