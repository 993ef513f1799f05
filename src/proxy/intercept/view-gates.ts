/** Makes gates. All sessions share one scanner a snapshot of names; it is made anew when the snapshot changes. */
import { NameIndex } from '../../sql/scan/name-index.js';
import { StatementScanner } from '../../sql/scan/statement-scanner.js';
import type { NameSnapshot, NamedView, ViewService } from '../../view/index.js';
import type { SessionIdentity, StatementGate, StatementGates } from '../statement-gate.js';
import { dropDatabase } from './drop-database.js';
import type { AnsweredStatements } from './kill.js';
import type { BaseReader } from './refusal.js';
import { SessionDatabase } from './session-database.js';
import { type GateNames, ViewGate } from './view-gate.js';
import { viewStatement } from './view-statement.js';

/** Gates in front of views. */
export class ViewGates implements StatementGates {
  readonly #service: ViewService;
  readonly #statements: AnsweredStatements;
  #snapshot: NameSnapshot;
  #names: GateNames;

  constructor(service: ViewService, statements: AnsweredStatements) {
    this.#service = service;
    this.#snapshot = service.names();
    this.#names = gateNames(this.#snapshot);
    this.#statements = statements;
  }

  open(session: SessionIdentity): StatementGate {
    return new ViewGate({
      names: () => this.#current(),
      database: new SessionDatabase(session.database),
      capabilities: session.capabilities,
      statements: this.#statements,
      take: (text) => viewStatement(text, this.#service),
      dropDatabase: (text, database) => dropDatabase(text, database, this.#service),
    });
  }

  #current(): GateNames {
    const snapshot = this.#service.names();
    if (snapshot !== this.#snapshot) {
      this.#snapshot = snapshot;
      this.#names = gateNames(snapshot);
    }
    return this.#names;
  }
}

function gateNames(snapshot: NameSnapshot): GateNames {
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
