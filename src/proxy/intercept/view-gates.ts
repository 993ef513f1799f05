/** Makes gates. All sessions share one scanner a snapshot of names; it is made anew when the snapshot changes. */
import type { NameSnapshot, StatementService } from '../../view/index.js';
import type { LocalStatement, SessionIdentity, StatementGate, StatementGates } from '../statement-gate.js';
import { dropDatabase } from './drop-database.js';
import { type GateNames, gateNames } from './gate-names.js';
import type { AnsweredStatements } from './kill.js';
import { NamedStatements } from './named-statements.js';
import { SessionDatabase } from './session-database.js';
import { ViewGate } from './view-gate.js';
import { type ParsedStatement, parsedViewStatement, viewStatement } from './view-statement.js';

/** Gates in front of views. */
export class ViewGates implements StatementGates {
  readonly #service: StatementService;
  readonly #statements: AnsweredStatements;
  #snapshot: NameSnapshot;
  #names: GateNames;

  constructor(service: StatementService, statements: AnsweredStatements) {
    this.#service = service;
    this.#snapshot = service.names();
    this.#names = gateNames(this.#snapshot);
    this.#statements = statements;
  }

  open(session: SessionIdentity): StatementGate {
    const names = (): GateNames => this.#current();
    const database = new SessionDatabase(session.database);
    const run = (statement: ParsedStatement): LocalStatement => parsedViewStatement(statement, this.#service);
    return new ViewGate({
      names,
      database,
      named: new NamedStatements({ names, database, run }),
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
