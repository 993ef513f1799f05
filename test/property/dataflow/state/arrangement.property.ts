import { expect } from 'chai';
import fc from 'fast-check';
import { BytesBuilder, I64Builder } from '../../../../src/codec/column-builder.js';
import { Arrangement, HOT_ROWS, ROW_WORDS } from '../../../../src/dataflow/state/arrangement.js';
import { KeyBatch } from '../../../../src/dataflow/state/key-batch.js';
import { WordBatch, WordCodec } from '../../../../src/dataflow/state/word-codec.js';
import { unpackColumn } from '../../../../src/dataflow/state/word-reader.js';

const KEY = new WordCodec([{ kind: 'i64' }], false);
const ROW = new WordCodec([{ kind: 'i64' }, { kind: 'bytes' }], true);

/** A row (key, text), with a weight. */
type Change = readonly [key: number, text: string, weight: number];

class Model {
  readonly arrangement = new Arrangement(ROW);
  readonly #rows = new Map<string, number>();
  readonly #keys = new KeyBatch();
  readonly #packed = new WordBatch();

  /** Applies changes; a row is taken away at most as often as it is there, and occurs once in an epoch. */
  apply(changes: readonly Change[]): void {
    const once = new Map<string, Change>();
    for (const change of changes) once.set(`${change[0]} ${change[1]}`, change);
    const real: Change[] = [];
    for (const [name, [key, text, weight]] of once) {
      const there = this.#rows.get(name) ?? 0;
      const by = weight < 0 ? -Math.min(-weight, there) : weight;
      if (by === 0) continue;
      this.#rows.set(name, there + by);
      real.push([key, text, by]);
    }
    const [keys, texts] = [new I64Builder(), new BytesBuilder()];
    for (const [key, text] of real) {
      keys.append(key, 0);
      texts.append(Buffer.from(text), 0, text.length);
    }
    const columns = [keys.finish(), texts.finish()];
    this.#keys.load(KEY, columns.slice(0, 1), real.length, [true]);
    ROW.pack(columns, 0, real.length, this.#packed);
    this.arrangement.absorb(
      this.#keys,
      this.#packed,
      Int32Array.from(real, ([, , weight]) => weight),
    );
  }

  check(keyCount: number): void {
    const held = new Map<string, number>();
    const keys = new I64Builder();
    for (let key = 0; key < keyCount; key++) keys.append(key, 0);
    this.#keys.load(KEY, [keys.finish()], keyCount, [true]);
    let rows = 0;
    for (let key = 0; key < keyCount; key++) {
      const { words, offsets } = this.#keys.packed;
      const record = this.arrangement.find(this.#keys.hashes[key]!, words, offsets[key]!, offsets[key + 1]!);
      let weight = 0;
      for (let row = this.arrangement.firstRow(record); row !== 0; row = this.arrangement.nextRow(row)) {
        const name = this.#nameOf(row);
        held.set(name, (held.get(name) ?? 0) + this.arrangement.rowWeight(row));
        weight += this.arrangement.rowWeight(row);
        rows++;
      }
      expect(this.arrangement.weightOf(record)).equal(weight);
    }
    expect(this.arrangement.rows).equal(rows);
    const sorted = (entries: Iterable<[string, number]>): unknown =>
      [...entries].filter(([, weight]) => weight !== 0).sort(([a], [b]) => (a < b ? -1 : 1));
    expect(sorted(held)).deep.equal(sorted(this.#rows));
  }

  #nameOf(row: number): string {
    const { arena } = this.arrangement;
    const packed = { arena, addresses: Int32Array.of(row), count: 1, skip: ROW_WORDS };
    const [key, text] = [unpackColumn(ROW, 0, packed), unpackColumn(ROW, 1, packed)];
    if (key.kind !== 'i64' || text.kind !== 'bytes') throw new Error('columns of other kinds');
    return `${key.lo[0]!} ${Buffer.from(text.data).toString()}`;
  }
}

describe('dataflow/state/arrangement', () => {
  it('holds what has been added and not taken away, under its key', () => {
    const change = fc.tuple(
      fc.nat(3),
      fc.nat(80).map((n) => 'x'.repeat(n % 7) + String(n)),
      fc.constantFrom(1, 1, 2, -1, -5),
    );
    fc.assert(
      fc.property(fc.array(fc.array(change, { maxLength: 100 }), { maxLength: 12 }), (epochs) => {
        const model = new Model();
        for (const epoch of epochs) {
          model.apply(epoch);
          model.check(4);
        }
      }),
      { numRuns: 100 },
    );
  });

  it('gives memory back when rows leave, and keeps the others whole', () => {
    const model = new Model();
    const changes = Array.from({ length: 30_000 }, (_, i): Change => [
      i % 1000,
      `row ${i} ${'y'.repeat(i % 60)}`,
      1,
    ]);
    model.apply(changes);
    const full = model.arrangement.size;
    const leaving = changes.filter((_, i) => i % 30 !== 0);
    for (let from = 0; from < leaving.length; from += 3000)
      model.apply(leaving.slice(from, from + 3000).map(([key, text]): Change => [key, text, -1]));
    expect(model.arrangement.size).below(full / 2);
    model.check(1000);
    model.apply(changes.map(([key, text]): Change => [key, text, -1]));
    expect(model.arrangement.rows).equal(0);
    expect(model.arrangement.keyCount).equal(0);
  });

  it('moves the rows of keys with many of them', () => {
    const model = new Model();
    const count = HOT_ROWS * 400;
    const changes = Array.from({ length: count }, (_, i): Change => [i % 3, `row ${i} ${'y'.repeat(90)}`, 1]);
    model.apply(changes);
    model.apply(changes.slice(0, count - 100).map(([key, text]): Change => [key, text, -1]));
    model.check(3);
    model.apply(changes.slice(0, 50));
    model.apply(changes.slice(count - 100).map(([key, text]): Change => [key, text, -1]));
    model.check(3);
    expect(model.arrangement.rows).equal(50);
  });

  it('takes rows longer than a page', () => {
    const model = new Model();
    const long = (letter: string): string => letter.repeat(400_000);
    model.apply([
      [0, long('a'), 1],
      [1, long('b'), 2],
      [1, 'short', 1],
    ]);
    model.check(2);
    model.apply([[0, long('a'), -1]]);
    model.check(2);
    expect(model.arrangement.rows).equal(2);
  });
});
