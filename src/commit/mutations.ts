/** Encoded rows as the mutations of a transaction. */
import type { MutationBatch } from '../codec/mutation-batch.js';
import type { Mutation } from '../tikv/two-phase-commit/mutation.js';

/** The batch's mutations; they share its memory, so it must not change any more. */
export function mutationsOf(batch: MutationBatch): Mutation[] {
  const mutations: Mutation[] = [];
  for (let index = 0; index < batch.count; index++) {
    const key = batch.keyAt(index);
    const expectation = batch.expectationAt(index);
    const assertion =
      expectation === 'present'
        ? { assert: 'exist' as const }
        : expectation === 'absent'
          ? { assert: 'notExist' as const }
          : {};
    mutations.push(
      batch.kindAt(index) === 'put'
        ? { kind: 'put', key, value: batch.valueAt(index), ...assertion }
        : { kind: 'delete', key, ...assertion },
    );
  }
  return mutations;
}
