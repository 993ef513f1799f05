/** The names of one snapshot, prepared for looking up. */
import { NameIndex } from '../../sql/scan/name-index.js';
import { StatementScanner } from '../../sql/scan/statement-scanner.js';
import type { NameSnapshot, NamedView } from '../../view/index.js';
import type { BaseReader, ViewLookup } from './refusal.js';

/** What statements are judged by. */
export interface GateNames extends ViewLookup {
  readonly scanner: StatementScanner;
  /** Whether any view is INVALID. */
  readonly hasInvalid: boolean;
}

/** Prepares a snapshot. */
export function gateNames(snapshot: NameSnapshot): GateNames {
  const byName = new Map<string, NamedView>();
  const byBase = new Map<string, BaseReader[]>();
  const bySchema = new Map<string, NamedView[]>();
  for (const view of snapshot.views) {
    const schema = view.schema.toLowerCase();
    byName.set(`${schema}.${view.name.toLowerCase()}`, view);
    bySchema.set(schema, [...(bySchema.get(schema) ?? []), view]);
    for (const base of view.bases) {
      const key = `${base.schema}.${base.name}`.toLowerCase();
      byBase.set(key, [...(byBase.get(key) ?? []), { view, columns: base.columns }]);
    }
  }
  const { systemSchema } = snapshot;
  const index = new NameIndex([
    systemSchema,
    ...snapshot.views.flatMap(({ schema, name }) => [schema, name]),
  ]);
  const hasInvalid = snapshot.views.some(({ state }) => state === 'INVALID');
  return {
    scanner: new StatementScanner(index),
    hasInvalid,
    byName,
    bySchema,
    byBase,
    systemSchema: systemSchema.toLowerCase(),
  };
}
