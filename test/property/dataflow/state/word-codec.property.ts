import { expect } from 'chai';
import fc from 'fast-check';
import { cellAt } from '../../../../src/codec/cell.js';
import type { Column } from '../../../../src/codec/column.js';
import { HashSlots } from '../../../../src/dataflow/state/hash-slots.js';
import { sameWords } from '../../../../src/dataflow/state/hash-words.js';
import { PAGE_MASK, PAGE_SHIFT, WordArena } from '../../../../src/dataflow/state/word-arena.js';
import { WordBatch, WordCodec, shapeOf } from '../../../../src/dataflow/state/word-codec.js';
import { unpackColumn } from '../../../../src/dataflow/state/word-reader.js';
import { COLUMNS, arbitraryRow, datumKey, deltaOfRows } from '../arbitrary-rows.js';

const SKIP = 2;

function keyOf(columns: readonly Column[], row: number): string {
  return COLUMNS.map((type, k) => datumKey(cellAt(columns[k]!, row, type))).join();
}

describe('dataflow/state/word-codec', () => {
  it('gives back the rows that were packed, and equal words for equal rows only', () => {
    const codec = new WordCodec(COLUMNS.map(shapeOf), true);
    fc.assert(
      fc.property(fc.array(arbitraryRow, { minLength: 1, maxLength: 12 }), fc.nat(11), (rows, start) => {
        const from = Math.min(start, rows.length - 1);
        const { columns } = deltaOfRows(rows.map((row) => ({ row, weight: 1 })));
        const batch = new WordBatch();
        codec.pack(columns, from, rows.length, batch);
        const arena = new WordArena();
        const addresses = Int32Array.from({ length: rows.length - from }, (_, i) => {
          const words = batch.words.subarray(batch.offsets[i], batch.offsets[i + 1]);
          expect(words.length % 2).equal(0);
          const address = arena.allocate(SKIP + words.length, 0);
          arena.pages[address >>> PAGE_SHIFT]!.set(words, (address & PAGE_MASK) + SKIP);
          return address;
        });
        const packed = { arena, addresses, count: addresses.length, skip: SKIP };
        const unpacked = COLUMNS.map((_, k) => unpackColumn(codec, k, packed));
        const [at, length] = [batch.offsets[0]!, batch.offsets[1]! - batch.offsets[0]!];
        addresses.forEach((_, i) => {
          expect(keyOf(unpacked, i)).equal(keyOf(columns, from + i));
          const isSame = sameWords(batch.words, at, batch.words, batch.offsets[i]!, length);
          expect(isSame).equal(keyOf(columns, from) === keyOf(columns, from + i));
        });
      }),
      { numRuns: 300 },
    );
  });
});

describe('dataflow/state/hash-slots', () => {
  it('finds every address that is there, also among equal hashes', () => {
    // Few hashes, and some at the end of a segment, so that runs of slots wrap around.
    const hash = fc.oneof(fc.constantFrom(0, 7, 15, 31, 0x00ff_ffff, -1), fc.integer());
    fc.assert(
      fc.property(fc.array(fc.tuple(hash, fc.boolean()), { maxLength: 400, size: 'max' }), (steps) => {
        const slots = new HashSlots();
        const held: { hash: number; address: number }[] = [];
        steps.forEach(([value, isRemoval], i) => {
          if (isRemoval && held.length > 0) {
            const [gone] = held.splice(Math.abs(value) % held.length, 1);
            slots.remove(gone!.hash, gone!.address);
          } else {
            held.push({ hash: value | 0, address: i + 1 });
            slots.add(value | 0, i + 1);
          }
          for (const entry of held.slice(-3)) {
            slots.move(entry.hash, entry.address, entry.address + 1000);
            slots.move(entry.hash, entry.address + 1000, entry.address);
          }
        });
        const all = slots.segments.flatMap((segment) => [...segment].filter((_, at) => at % 2 === 1));
        expect(all.filter((address) => address !== 0).sort()).deep.equal(
          held.map(({ address }) => address).sort(),
        );
        for (const { hash: key, address } of held) slots.remove(key, address);
      }),
      { numRuns: 200 },
    );
  });
});
