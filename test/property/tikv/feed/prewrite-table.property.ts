import { expect } from 'chai';
import fc from 'fast-check';
import { MatchedRow } from '../../../../src/tikv/feed/batch-builder.js';
import { ByteBudget } from '../../../../src/tikv/feed/byte-budget.js';
import { EventDecoder } from '../../../../src/tikv/feed/event-decoder.js';
import { NO_ENTRY, PrewriteTable } from '../../../../src/tikv/feed/prewrite-table.js';
import { encodeCdc } from '../../../unit/tikv/feed/cdc-proto.js';

const step = fc.record({
  action: fc.constantFrom('put', 'put', 'remove'),
  // Few start ts and keys, so that entries meet again.
  start: fc.bigInt(1n, 4n),
  key: fc.uint8Array({ minLength: 1, maxLength: 9, max: 2 }),
  value: fc.oneof(fc.uint8Array({ maxLength: 8 }), fc.uint8Array({ minLength: 300, maxLength: 700 })),
  old: fc.uint8Array({ maxLength: 8 }),
});

function partOf(row: MatchedRow, at: number, length: number): string {
  return Buffer.from(row.source.bytes.subarray(at, at + length)).toString('hex');
}

describe('PrewriteTable', () => {
  it('finds what a plain map would, whatever is put, replaced and removed', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
        const budget = new ByteBudget();
        const table = new PrewriteTable(budget);
        const model = new Map<
          string,
          { readonly bytes: Uint8Array; readonly value: string; readonly old: string }
        >();
        const decoder = new EventDecoder();
        const matched = new MatchedRow();
        const check = (name: string): void => {
          const expected = model.get(name);
          const entry = table.find(decoder);
          expect(entry === NO_ENTRY).to.equal(expected === undefined);
          if (expected === undefined) return;
          table.read(entry, matched);
          expect(partOf(matched, matched.valueAt, matched.valueLength)).to.equal(expected.value);
          expect(partOf(matched, matched.oldAt, matched.oldLength)).to.equal(expected.old);
        };
        for (const { action, start, key, value, old } of steps) {
          const name = `${start}/${Buffer.from(key).toString('hex')}`;
          const bytes = encodeCdc('Event.Row', { start_ts: start, key, value, old_value: old });
          decoder.openRow(bytes);
          check(name);
          if (action === 'put') {
            table.put(decoder);
            model.set(name, {
              bytes,
              value: Buffer.from(value).toString('hex'),
              old: Buffer.from(old).toString('hex'),
            });
            check(name);
          } else if (model.delete(name)) {
            table.remove(table.find(decoder));
          }
          expect(table.count).to.equal(model.size);
        }
        for (const [name, { bytes }] of model) {
          decoder.openRow(bytes);
          check(name);
        }
        table.clear();
        expect([table.count, budget.used]).to.deep.equal([0, 0]);
      }),
      { numRuns: 300 },
    );
  });
});
