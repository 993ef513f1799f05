import { expect } from 'chai';
import fc from 'fast-check';
import { type KeyString, keyString, utf8 } from '../../../src/base/bytes.js';
import { type RowIdPlan, RowIds } from '../../../src/commit/row-ids.js';

/** Epochs: by content, how many rows more or fewer are wanted, modulo what is there; some are not committed. */
const histories = fc.array(
  fc.record({
    wanted: fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'), fc.nat(3), { maxKeys: 6 }),
    isCommitted: fc.boolean(),
    isReloaded: fc.boolean(),
  }),
  { maxLength: 25 },
);

const keyOf = (content: string): KeyString => keyString(utf8(content));

/** The table: row id → content. Checks that the plan writes each row once. */
function apply(table: Map<bigint, string>, plan: RowIdPlan, contents: readonly string[]): void {
  expect(new Set(plan.operations.map(({ rowId }) => rowId)).size).to.equal(plan.operations.length);
  for (const { kind, row, rowId } of plan.operations) {
    const content = contents[row]!;
    if (kind === 'remove') {
      expect(table.get(rowId)).to.equal(content);
      table.delete(rowId);
    } else {
      expect(table.has(rowId)).to.equal(false);
      table.set(rowId, content);
    }
  }
}

describe('row ids, any history of duplicates', () => {
  for (const bits of [2, 6, 63]) {
    it(`keeps an exact multiset with ${bits} bits of a hash, through reloads and lost epochs`, () => {
      fc.assert(
        fc.property(histories, (history) => {
          let ids = new RowIds(bits);
          const table = new Map<bigint, string>();
          const model = new Map<string, number>();
          for (const { wanted, isCommitted, isReloaded } of history) {
            const contents = Object.keys(wanted);
            const changes = contents.map((content, row) => {
              return { key: keyOf(content), row, weight: wanted[content]! - (model.get(content) ?? 0) };
            });
            const plan = ids.plan(changes.filter(({ weight }) => weight !== 0));
            if (isCommitted) {
              ids.absorb(plan);
              apply(table, plan, contents);
              for (const content of contents) model.set(content, wanted[content]!);
            }
            if (isReloaded) {
              ids = new RowIds(bits);
              for (const [rowId, content] of table) ids.load(keyOf(content), rowId);
            }
            const counts = new Map<string, number>();
            for (const content of table.values()) counts.set(content, (counts.get(content) ?? 0) + 1);
            const expected = [...model].filter(([, count]) => count > 0).sort();
            expect([...counts].sort()).to.deep.equal(expected);
            expect(ids.size).to.equal(table.size);
          }
        }),
      );
    });
  }
});
