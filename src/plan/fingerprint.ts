/**
 * Stands for everything that decides what a circuit's state means: equal fingerprints, interchangeable state. Bumped
 * by {@link ENGINE_VERSION} whenever the engine itself changes what it keeps.
 */
import { createHash } from 'node:crypto';
import type { LogicalPlan } from './logical-plan.js';
import { plainValue } from './stable-text.js';

/** Changes when operators compute or hold something else than before. */
const ENGINE_VERSION = 2;

/** The fingerprint of a plan. Names of tables and columns are not in it: a rename changes nothing. */
export function fingerprintOf(plan: LogicalPlan): string {
  const content = JSON.stringify([ENGINE_VERSION, plan], function (this: unknown, key, value: unknown) {
    if (key === 'name' && isScan(this)) return undefined;
    if (key === 'table' && isScan(this)) return [this.table.id, this.table.fingerprint];
    return plainValue(value);
  });
  return createHash('sha256').update(content).digest('hex');
}

function isScan(holder: unknown): holder is Extract<LogicalPlan, { kind: 'scan' }> {
  return typeof holder === 'object' && holder !== null && 'kind' in holder && holder.kind === 'scan';
}
