import { expect } from 'chai';
import { hashRows, sameRows } from '../../../src/dataflow/row-identity.js';
import { BIGINT, DECIMAL, DOUBLE, TEXT, type Value, dec, deltaOf } from './rows.js';

const WIDE = '90071992547409930000000000';

describe('dataflow/row-identity', () => {
  const kinds = [
    { type: BIGINT, values: [0n, 1n, -1n, 2n ** 32n, 2n ** 32n + 1n, 2n ** 63n - 1n, null] },
    { type: DOUBLE, values: [0, -0, 1, -1, 2 ** 53, null] },
    {
      type: DECIMAL,
      values: [dec('0.00'), dec('0.01'), dec(`${WIDE}.01`), dec(`${WIDE}.02`), dec(`-${WIDE}.01`), null],
    },
    { type: TEXT, values: ['', 'a', 'A', 'a ', 'ab', '\0', null] },
  ] as const satisfies readonly { readonly values: readonly Value[]; readonly type: unknown }[];

  for (const { type, values } of kinds) {
    it(`takes two values of type ${type.tp} for the same only if they are`, () => {
      const twice = [...values, ...values];
      const { columns, rows } = deltaOf(
        [type, BIGINT],
        twice.map((value) => [1, value, 7n]),
      );
      const hashes = new Int32Array(rows);
      hashRows(columns, 0, rows, hashes);
      for (let a = 0; a < rows; a++) {
        for (let b = 0; b < rows; b++) {
          const isSame = a % values.length === b % values.length;
          expect(sameRows(columns, a, b), `${a} and ${b}`).equal(isSame);
          // No law for different rows, but for so few a good hash tells them apart.
          expect(hashes[a] === hashes[b], `hashes of ${a} and ${b}`).equal(isSame);
        }
      }
    });
  }

  it('tells rows apart by any column', () => {
    const { columns } = deltaOf(
      [BIGINT, TEXT],
      [
        [1, 1n, 'a'],
        [1, 1n, 'b'],
        [1, 2n, 'a'],
        [1, 1n, 'a'],
      ],
    );
    expect([1, 2, 3].map((row) => sameRows(columns, 0, row))).deep.equal([false, false, true]);
  });

  it('hashes rows in pieces as in one go', () => {
    const { columns } = deltaOf(
      [BIGINT, TEXT],
      [
        [1, 1n, 'a'],
        [1, null, 'b'],
        [1, 2n, null],
      ],
    );
    const [whole, pieces] = [new Int32Array(3), new Int32Array(3)];
    hashRows(columns, 0, 3, whole);
    hashRows(columns, 2, 3, pieces);
    hashRows(columns, 0, 2, pieces);
    expect(pieces).deep.equal(whole);
  });
});
