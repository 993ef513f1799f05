/**
 * Stands for everything that decides what a circuit's state means: equal fingerprints, interchangeable state. Bumped
 * by {@link ENGINE_VERSION} whenever the engine itself changes what it keeps.
 */
import { createHash } from 'node:crypto';
import { toHex } from '../base/bytes.js';
import { Decimal } from '../codec/decimal.js';
import type { LogicalPlan } from './logical-plan.js';

/** Changes when operators compute or hold something else than before. */
export const ENGINE_VERSION = 1;

/** The fingerprint of a plan. Names of tables and columns are not in it: a rename changes nothing. */
export function fingerprintOf(plan: LogicalPlan): string {
  const content = JSON.stringify([ENGINE_VERSION, plan], function (this: unknown, key, value: unknown) {
    if (key === 'name' && isScan(this)) return undefined;
    if (key === 'table' && isScan(this)) return [this.table.id, this.table.fingerprintOf(this.columnIds)];
    if (typeof value === 'bigint') return `${value}n`;
    if (Object.is(value, -0)) return '-0';
    if (value instanceof Uint8Array) return toHex(value);
    if (value instanceof Decimal) return { unscaled: `${value.unscaled}`, scale: value.scale };
    return value;
  });
  return createHash('sha256').update(content).digest('hex');
}

function isScan(holder: unknown): holder is Extract<LogicalPlan, { kind: 'scan' }> {
  return typeof holder === 'object' && holder !== null && 'kind' in holder && holder.kind === 'scan';
}
