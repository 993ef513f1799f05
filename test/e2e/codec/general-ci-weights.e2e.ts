/** The weights of general_ci in src/codec/general-ci-weights.ts against TiDB's own, for every character. */
import { expect } from 'chai';
import { toHex, utf8 } from '../../../src/base/bytes.js';
import { collationOf } from '../../../src/codec/collation.js';
import { type Rig, sharedRig } from './rig-process.js';
import { TidbSession } from './tidb-session.js';

const CHARACTERS_A_QUERY = 512;
const SURROGATES = { first: 0xd800, last: 0xdfff };
/** Samples of every plane beyond the first, and the edges of each. */
const BEYOND = Array.from({ length: 16 }, (_, plane) => (plane + 1) * 0x1_0000).flatMap((start) => [
  start,
  start + 0x1f600 - 0x1_0000,
  start + 0xffff,
]);

describe('general_ci on the real TiDB', function () {
  this.timeout(600_000);
  let rig: Rig;
  let session: TidbSession;

  before(async () => {
    rig = await sharedRig();
    session = await TidbSession.open(rig, 'weights');
  });

  after(async () => {
    await session.close();
  });

  async function weightsOf(collation: string, texts: readonly Uint8Array[]): Promise<(string | null)[]> {
    const charset = collation.split('_')[0] ?? '';
    const items = texts.map(
      (text) => `hex(weight_string(convert(x'${toHex(text)}' using ${charset}) collate ${collation}))`,
    );
    const [row] = await session.texts(`select ${items.join(',')}`);
    return row ?? [];
  }

  async function check(collation: string, texts: readonly Uint8Array[]): Promise<void> {
    const own = collationOf(collation, true);
    for (let at = 0; at < texts.length; at += CHARACTERS_A_QUERY) {
      const part = texts.slice(at, at + CHARACTERS_A_QUERY);
      const expected = await weightsOf(collation, part);
      expect(part.map((text) => toHex(own.sortKey(text)).toUpperCase())).to.deep.equal(expected);
    }
  }

  it('weighs every character of the basic plane as TiDB does', async () => {
    const plane = Array.from({ length: 0x1_0000 }, (_, rune) => rune).filter(
      (rune) => rune < SURROGATES.first || rune > SURROGATES.last,
    );
    await check(
      'utf8mb4_general_ci',
      plane.map((rune) => utf8(`${String.fromCodePoint(rune)}.`)),
    );
  });

  it('weighs characters beyond the basic plane as TiDB does', async () => {
    await check(
      'utf8mb4_general_ci',
      BEYOND.map((rune) => utf8(`${String.fromCodePoint(rune)}.`)),
    );
  });

  it('makes the sort keys of strings with trailing spaces as TiDB does, in all collations it knows', async () => {
    const texts = ['', ' ', '  ', 'a', 'a ', ' a ', 'a\t ', 'aB c  ', 'é ', '\u0000', 'a\u0000 '].map(utf8);
    for (const collation of [
      'utf8mb4_bin',
      'utf8mb4_general_ci',
      'utf8_bin',
      'utf8_general_ci',
      'utf8mb4_0900_bin',
    ]) {
      await check(collation, texts);
    }
  });

  it('compares strings as TiDB does', async () => {
    const texts = [
      '',
      ' ',
      'a',
      'A',
      'a ',
      'ab',
      'aB ',
      'ä',
      'Z',
      'z\t',
      'ß',
      's',
      'ss',
      'é',
      'E',
      '中',
      '😀',
      '😁',
    ];
    for (const collation of ['utf8mb4_bin', 'utf8mb4_general_ci', 'utf8mb4_0900_bin']) {
      const own = collationOf(collation, true);
      for (const a of texts) {
        const items = texts.map((b) => `strcmp('${a}' collate ${collation}, '${b}' collate ${collation})`);
        const [row] = await session.texts(`select ${items.join(',')}`);
        const compared = texts.map((b) => String(Math.sign(own.compare(utf8(a), utf8(b)))));
        expect(compared, `${collation}, '${a}' with ${texts.join()}`).to.deep.equal(row);
        for (const b of texts) {
          expect(own.equals(utf8(a), utf8(b))).to.equal(own.compare(utf8(a), utf8(b)) === 0);
        }
      }
    }
  });
});
