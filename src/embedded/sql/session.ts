/**
 * A client's session: its variables, database and transaction; one statement after the other.
 *
 * Transactions are optimistic (`tidb_txn_mode=optimistic`): they read at the ts of BEGIN, lock nothing, and whoever
 * commits second gets 9007 at COMMIT. A statement outside of a transaction that meets a conflict is run again, as TiDB
 * does, so plain clients never see one. Pessimistic locks would need a lock manager and deadlock detection for what a
 * small cluster in one process hardly meets.
 */
import { unreachable } from '../../base/assert.js';
import { SqlError } from '../../base/errors.js';
import type { Ts } from '../../codec/tso.js';
import { ts } from '../../codec/tso.js';
import type { Expression } from '../../sql/ast/select.js';
import type { Statement, VariableAssignment } from '../../sql/ast/statement.js';
import { parseStatement } from '../../sql/parse/statement-parser.js';
import { lexModeOf } from '../../sql/scan/lex-mode.js';
import type { LexMode } from '../../sql/scan/lex-mode.js';
import { datumText } from '../../codec/datum-text.js';
import { type ChangeResult, deleteRows, insertRows, updateRows } from './change-rows.js';
import { checkTable } from './check-table.js';
import { explain } from './explain.js';
import type { OutputColumn } from '../../plan/logical-plan.js';
import type { ResultTable } from './relation-table.js';
import { changeSchema } from './schema-statements.js';
import { queryOf, selectOf } from './select-nodes.js';
import type { SqlServer } from './sql-server.js';
import { show } from './show.js';
import { filledIn, splitAtParameters } from './statement-parameters.js';
import { StorageTransaction, isWorthRetrying } from './storage-transaction.js';
import { SessionVariables, zoneMinutes } from './variables.js';
import { Work } from './work.js';

/** How often a statement outside of a transaction is run again when others are in the way. */
const ATTEMPTS_MAX = 20;

/** How a statement was answered. */
export type Answer =
  | { readonly kind: 'rows'; readonly result: ResultTable }
  | { readonly kind: 'ok'; readonly change: ChangeResult };

type AdministrativeStatement = Extract<
  Statement,
  { kind: 'setConfig' | 'prepare' | 'execute' | 'deallocate' | 'analyze' | 'checkTables' | 'kill' }
>;

const DONE: Answer = { kind: 'ok', change: { affectedRows: 0n, lastInsertId: 0n, info: '' } };

/** A session. Statements are given one at a time. */
export class Session {
  readonly id: number;
  readonly variables: SessionVariables;
  readonly #server: SqlServer;
  /** Statements prepared by name: their texts around the parameters. */
  readonly #prepared = new Map<string, readonly string[]>();
  #database: string | undefined;
  #transaction: StorageTransaction | undefined;
  #lastInsertId = 0n;
  #rowCount = 0n;
  #foundRows = 0n;

  constructor(server: SqlServer, id: number) {
    this.id = id;
    this.#server = server;
    this.variables = new SessionVariables(server.variables);
  }

  get database(): string | undefined {
    return this.#database;
  }

  get isInTransaction(): boolean {
    return this.#transaction !== undefined;
  }

  /** How its statements are cut into tokens. */
  get lexMode(): LexMode {
    return lexModeOf(this.variables.get('sql_mode'));
  }

  /** Minutes east of UTC. */
  get offsetMinutes(): number {
    return zoneMinutes(this.variables.get('time_zone'));
  }

  /** As after connecting. */
  reset(): void {
    this.#transaction = undefined;
    this.#lastInsertId = 0n;
    this.#prepared.clear();
    this.variables.reset();
  }

  /** As after a new login. @throws SqlError 1049 */
  async restart(database: string | undefined, signal: AbortSignal): Promise<void> {
    this.reset();
    this.#database = undefined;
    if (database !== undefined) await this.use(database, signal);
  }

  /** @throws SqlError 1049 */
  async use(database: string, signal: AbortSignal): Promise<void> {
    const work = await this.#work(signal);
    if (database.toLowerCase() !== 'information_schema') work.schema.database(database);
    this.#database = database;
  }

  /** Runs one statement. @throws SqlError */
  async run(text: string, signal: AbortSignal): Promise<Answer> {
    const statement = parseStatement(text, this.lexMode);
    const answer = await this.#execute(statement, text, signal);
    this.#rowCount = answer.kind === 'ok' ? answer.change.affectedRows : -1n;
    if (answer.kind === 'rows') this.#foundRows = BigInt(answer.result.rows.length);
    return answer;
  }

  /** The columns of a statement's answer, without running it; none: it has no rows. @throws SqlError */
  async describe(text: string, signal: AbortSignal): Promise<readonly OutputColumn[]> {
    const statement = parseStatement(text, this.lexMode);
    if (statement.kind === 'select') return (await this.#work(signal)).describe(statement.query).columns;
    if (statement.kind !== 'show' && statement.kind !== 'explain') return [];
    const answer = await this.#execute(statement, text, signal);
    return answer.kind === 'rows' ? answer.result.columns : [];
  }

  /** The columns of a table, for COM_FIELD_LIST. @throws SqlError 1146 */
  async columnsOf(table: string, signal: AbortSignal): Promise<readonly OutputColumn[]> {
    const work = await this.#work(signal);
    return work.columnsOf(work.schema.table({ database: undefined, name: table }, this.#database));
  }

  async #execute(statement: Statement, text: string, signal: AbortSignal): Promise<Answer> {
    switch (statement.kind) {
      case 'select':
        return rows(await (await this.#work(signal)).answer(statement.query));
      case 'explain':
        return rows(explain(await this.#work(signal), statement.query));
      case 'show':
        return rows(await show(await this.#work(signal), statement));
      case 'insert':
      case 'update':
      case 'delete':
        return this.#change(statement, signal);
      case 'begin':
        return this.#begin(statement, signal);
      case 'commit':
        await this.#commit(signal);
        return DONE;
      case 'rollback':
        this.#transaction = undefined;
        return DONE;
      case 'use':
        await this.use(statement.database, signal);
        return DONE;
      case 'setVariables':
        for (const assignment of statement.assignments) await this.#assign(assignment, signal);
        return DONE;
      case 'setConfig':
      case 'prepare':
      case 'execute':
      case 'deallocate':
      case 'analyze':
      case 'checkTables':
      case 'kill':
        return this.#administer(statement, signal);
      case 'createDatabase':
      case 'dropDatabase':
      case 'createTable':
      case 'createView':
      case 'dropTables':
      case 'truncate':
      case 'renameTables':
      case 'alterTable':
        await this.#commit(signal);
        this.#mayWrite();
        await changeSchema(this.#server.schemaWriter, statement, { session: this.#state(), text }, signal);
        if (
          statement.kind === 'dropDatabase' &&
          this.#database?.toLowerCase() === statement.database.toLowerCase()
        )
          this.#database = undefined;
        return DONE;
      default:
        return unreachable(statement);
    }
  }

  /** What is neither about rows nor about the schema. */
  async #administer(statement: AdministrativeStatement, signal: AbortSignal): Promise<Answer> {
    switch (statement.kind) {
      case 'setConfig':
        throw new SqlError(1235, '42000', 'The embedded cluster does not support SET CONFIG');
      case 'prepare': {
        const body = statement.text ?? this.variables.user(statement.variable ?? '') ?? '';
        this.#prepared.set(statement.name, splitAtParameters(body, this.lexMode));
        return DONE;
      }
      case 'execute':
        return this.run(this.#executed(statement), signal);
      case 'deallocate':
        this.#executed({ name: statement.name, variables: undefined });
        this.#prepared.delete(statement.name);
        return DONE;
      case 'analyze': {
        const work = await this.#work(signal);
        for (const table of statement.tables) work.schema.baseTable(table, this.#database);
        return DONE;
      }
      case 'checkTables': {
        const work = await this.#work(signal);
        for (const table of statement.tables)
          await checkTable(work.schema.baseTable(table, this.#database), work.transaction, signal);
        return DONE;
      }
      case 'kill':
        this.#server.kill(statement.connectionId, statement.isQueryOnly);
        return DONE;
      default:
        return unreachable(statement);
    }
  }

  /** The text of a statement prepared by name. @throws SqlError 8111, 8112 */
  #executed({
    name,
    variables,
  }: {
    readonly name: string;
    readonly variables: readonly string[] | undefined;
  }): string {
    const parts = this.#prepared.get(name);
    if (parts === undefined) throw new SqlError(8111, 'HY000', 'Prepared statement not found');
    if (variables !== undefined && variables.length !== parts.length - 1)
      throw new SqlError(8112, 'HY000', 'Wrong parameter count');
    return filledIn(parts, variables ?? []);
  }

  async #begin(
    { mode, isReadOnly }: Extract<Statement, { kind: 'begin' }>,
    signal: AbortSignal,
  ): Promise<Answer> {
    if (mode === 'PESSIMISTIC')
      throw new SqlError(1235, '42000', 'The embedded cluster does not support pessimistic transactions');
    if (isReadOnly)
      throw new SqlError(1235, '42000', 'The embedded cluster does not support READ ONLY transactions');
    await this.#commit(signal);
    this.#transaction = await this.#newTransaction(signal);
    return DONE;
  }

  async #commit(signal: AbortSignal): Promise<void> {
    const transaction = this.#transaction;
    this.#transaction = undefined;
    if (transaction !== undefined) await this.#server.commit(transaction, signal);
  }

  /** Changes rows in the session's transaction, or in one of its own. */
  async #change(
    statement: Extract<Statement, { kind: 'insert' | 'update' | 'delete' }>,
    signal: AbortSignal,
  ): Promise<Answer> {
    this.#mayWrite();
    if (this.#transaction !== undefined || !this.variables.isOn('autocommit'))
      return this.#attempt(statement, signal);
    try {
      return await this.#attempt(statement, signal);
    } catch (error) {
      if (!isWorthRetrying(error)) throw error;
    }
    // Those that were in each other's way go on one after the other.
    return this.#server.inTurn(async () => {
      for (let attempt = 1; ; attempt++) {
        try {
          return await this.#attempt(statement, signal);
        } catch (error) {
          if (!isWorthRetrying(error) || attempt === ATTEMPTS_MAX) throw error;
        }
      }
    });
  }

  async #attempt(
    statement: Extract<Statement, { kind: 'insert' | 'update' | 'delete' }>,
    signal: AbortSignal,
  ): Promise<Answer> {
    const isOwn = this.#transaction === undefined && this.variables.isOn('autocommit');
    const transaction = this.#transaction ?? (await this.#newTransaction(signal));
    if (!isOwn) this.#transaction = transaction;
    const saved = transaction.save();
    try {
      const change = await this.#changeIn(await this.#workIn(transaction, signal), statement);
      if (isOwn) await this.#server.commit(transaction, signal);
      if (change.lastInsertId > 0n) this.#lastInsertId = change.lastInsertId;
      return { kind: 'ok', change };
    } catch (error) {
      transaction.revertTo(saved);
      throw error;
    }
  }

  #changeIn(
    work: Work,
    statement: Extract<Statement, { kind: 'insert' | 'update' | 'delete' }>,
  ): Promise<ChangeResult> {
    switch (statement.kind) {
      case 'insert':
        return insertRows(work, this.#server.rowIds, statement);
      case 'update':
        return updateRows(work, statement);
      case 'delete':
        return deleteRows(work, statement);
    }
  }

  #mayWrite(): void {
    if (this.variables.get('tidb_snapshot') !== '')
      throw new SqlError(1105, 'HY000', "can not execute write statement when 'tidb_snapshot' is set");
    if (this.variables.isOn('transaction_read_only'))
      throw new SqlError(1792, '25006', 'Cannot execute statement in a READ ONLY transaction.');
  }

  async #newTransaction(signal: AbortSignal): Promise<StorageTransaction> {
    return new StorageTransaction(this.#server.cluster, await this.#server.cluster.tso.next(signal));
  }

  /** For a statement that reads: in the past, in the session's transaction, or now. */
  async #work(signal: AbortSignal): Promise<Work> {
    const snapshot = this.variables.get('tidb_snapshot');
    if (snapshot !== '')
      return this.#workIn(new StorageTransaction(this.#server.cluster, ts(BigInt(snapshot))), signal);
    const transaction = this.#transaction ?? (await this.#newTransaction(signal));
    if (!this.variables.isOn('autocommit')) this.#transaction = transaction;
    return this.#workIn(transaction, signal);
  }

  async #workIn(transaction: StorageTransaction, signal: AbortSignal): Promise<Work> {
    const at: Ts = transaction.startTs;
    return new Work(transaction, await this.#server.schemaReader.at(at, signal), this.#state(), signal);
  }

  #state() {
    return {
      database: this.#database,
      connectionId: this.id,
      lastInsertId: this.#lastInsertId,
      rowCount: this.#rowCount,
      foundRows: this.#foundRows,
      variables: this.variables,
      server: this.#server.facts,
    };
  }

  async #assign(assignment: VariableAssignment, signal: AbortSignal): Promise<void> {
    const { name, isGlobal, isUser, value, collate } = assignment;
    if (name === 'names' && typeof value === 'string' && !isUser) {
      this.variables.setNames(value, collate);
      return;
    }
    const assigned =
      typeof value === 'string'
        ? value === 'DEFAULT'
          ? undefined
          : value
        : await this.#valueOf(value, signal);
    if (isUser) {
      this.variables.setUser(name, assigned ?? null);
      return;
    }
    if (name === 'tidb_snapshot') await this.#checkSnapshot(assigned, signal);
    if (name === 'autocommit' && !this.variables.isOn('autocommit')) await this.#commit(signal);
    this.variables.set(name, assigned, isGlobal);
  }

  async #checkSnapshot(value: string | null | undefined, signal: AbortSignal): Promise<void> {
    if (value === undefined || value === '') return;
    if (value === null || !/^\d+$/.test(value))
      throw new SqlError(1235, '42000', 'The embedded cluster reads as of timestamps of PD only');
    if (BigInt(value) > (await this.#server.cluster.tso.next(signal)))
      throw new SqlError(1105, 'HY000', 'cannot set read timestamp to a future time');
  }

  async #valueOf(value: Expression, signal: AbortSignal): Promise<string | null> {
    const items = [{ kind: 'item', span: value.span, value, alias: 'value' } as const];
    const { columns, rows: found } = await (
      await this.#work(signal)
    ).answer(queryOf(selectOf(items, undefined, value.span)));
    const [cell] = found[0] ?? [];
    const [column] = columns;
    return cell === null || cell === undefined || column === undefined ? null : datumText(cell, column.type);
  }
}

function rows(result: ResultTable): Answer {
  return { kind: 'rows', result };
}
