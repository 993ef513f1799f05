/** A transaction of one key, for rows that need no fence: signs of life, answers. */
import type { Mutation } from '../tikv/two-phase-commit/mutation.js';
import { type CommitParts, OUR_TXN_SOURCE } from './fenced-transaction.js';

/** Writes one key. @returns whether it was surely committed; if not, the caller may do it again. */
export async function writeOne(
  parts: Pick<CommitParts, 'cluster'>,
  mutation: Mutation,
  signal: AbortSignal,
): Promise<boolean> {
  const { tso, transactions } = parts.cluster;
  const startTs = await tso.next(signal);
  const spec = { startTs, primary: mutation.key, mutations: [mutation], txnSource: OUR_TXN_SOURCE };
  // Whatever comes: a lock that is kept alive by nobody's wish would keep everybody from the row.
  await using transaction = transactions.begin(spec);
  const outcome = await transaction.prewrite(0, signal);
  if (outcome.kind === 'ok') return (await transaction.commitPrimary(signal)).kind === 'committed';
  await transaction.rollback(signal);
  return false;
}
