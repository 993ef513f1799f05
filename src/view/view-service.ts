/**
 * Carries out statements on views: reads from the registry here, changes through the owner, wherever he is. Whether
 * this instance reigns makes no difference to a client.
 */
import { assert } from '../base/assert.js';
import { SqlError, TiviewError } from '../base/errors.js';
import { limits } from '../base/limits.js';
import type { Ts } from '../codec/tso.js';
import type { Frontier } from '../commit/frontier.js';
import type {
  CheckView,
  CreateView,
  DropViews,
  ExplainView,
  ObjectName,
  RefreshView,
  ViewStatement,
} from '../sql/ast/view-statement.js';
import { lexModeOf } from '../sql/scan/lex-mode.js';
import { parseViewStatement } from '../sql/parse/view-statement-parser.js';
import { NotSupportedError } from '../sql/not-supported-error.js';
import type { Describer } from './describer.js';
import type { Instance } from './instance.js';
import { lawCheck } from './law-check.js';
import { askOwner, isForSuccessor, type OwnerRequest } from './requests.js';
import type {
  NameSnapshot,
  ResultPart,
  ServiceStatus,
  SessionContext,
  StatementInput,
  ViewService,
} from './service-types.js';
import { OK } from './statements/answer.js';
import { type CreateParts, prepareView } from './statements/create-view.js';
import { explain, explainCreate, explainPlanOf, explainWork } from './statements/explain.js';
import { showCreateView, showStatus, showViews } from './statements/show.js';
import { lagMs, statusRow } from './status-row.js';
import type { ViewRecord } from './view-record.js';
import type { WorkLine } from './view-work.js';

/** ER_QUERY_INTERRUPTED. */
const INTERRUPTED = 1317;

/** The service of one instance. */
export class InstanceViewService implements ViewService {
  readonly #instance: Instance;
  readonly #describer: Describer;
  #names: NameSnapshot;
  #namesOf: { readonly registry: object; readonly version: number } | undefined;

  constructor(instance: Instance, describer: Describer) {
    this.#instance = instance;
    this.#describer = describer;
    this.#names = { version: 0, systemSchema: instance.parts.schema, views: [] };
  }

  names(): NameSnapshot {
    const { registry } = this.#instance.knowledge;
    if (this.#namesOf?.registry === registry && this.#namesOf.version === registry.version)
      return this.#names;
    this.#namesOf = { registry, version: registry.version };
    const views = registry.views.map(({ schema, name, state, lastError, options }) => ({
      schema,
      name,
      state,
      lastError,
      bases: options.bases,
    }));
    if (JSON.stringify(views) !== JSON.stringify(this.#names.views)) {
      this.#names = { ...this.#names, version: this.#names.version + 1, views };
    }
    return this.#names;
  }

  frontier(): Frontier | undefined {
    return this.#instance.knowledge.frontier;
  }

  async waitFor(wanted: Ts | 'now', signal: AbortSignal): Promise<Frontier> {
    const at = wanted === 'now' ? await this.#now(signal) : wanted;
    await this.#asOwner({ kind: 'waitFor', ts: at }, signal);
    const frontier = this.frontier();
    if (frontier === undefined) throw unknownFrontier();
    return frontier;
  }

  status(): ServiceStatus {
    const { knowledge, reign, parts } = this.#instance;
    const { registry, frontier } = knowledge;
    const now = parts.cluster.tso.highest;
    const isKnown = frontier !== undefined && frontier.appliedTs > 0n;
    return {
      role: reign === undefined ? 'standby' : 'owner',
      owner: frontier?.owner ?? '',
      epoch: (frontier?.epoch ?? 0n).toString(),
      term: (frontier?.term ?? 0n).toString(),
      lagMs: isKnown ? Number(lagMs(frontier.appliedTs, now)) : null,
      views: registry.views
        .filter((view) => view.replaces === undefined)
        .map((view) => statusRow({ view, frontier, reign, now })),
    };
  }

  async *execute(
    input: StatementInput,
    context: SessionContext,
    signal: AbortSignal,
  ): AsyncGenerator<ResultPart> {
    const { statement } = input;
    const { registry } = this.#instance.knowledge;
    switch (statement.kind) {
      case 'createView':
        yield await this.#create(statement, input.text, context, signal);
        return;
      case 'dropViews':
        yield await this.#drop(statement, context, signal);
        return;
      case 'refreshView':
        yield await this.#refresh(statement, context, signal);
        return;
      case 'checkView':
        yield* this.#check(statement, context, signal);
        return;
      case 'showViews':
        yield* showViews(statement, registry, context);
        return;
      case 'showCreateView':
        yield* showCreateView(this.#named(statement.name, context));
        return;
      case 'showViewStatus':
        yield* showStatus(statement, registry, context, (view) => this.#statusRow(view));
        return;
      case 'explainView':
        yield* this.#explain(statement, input.text, context, signal);
        return;
      case 'log':
        yield {
          kind: 'ok',
          warnings: ['No materialized view log is needed here: TiView reads the change feed'],
        };
        return;
      default:
        throw new NotSupportedError(input.text, `${spoken(statement)} comes later`);
    }
  }

  async #create(
    statement: CreateView,
    text: string,
    context: SessionContext,
    signal: AbortSignal,
  ): Promise<ResultPart> {
    const { registry } = this.#instance.knowledge;
    const existing = this.#find(statement.name, context);
    const shown = shownName(statement.name, context);
    if (existing !== undefined && statement.ifNotExists) {
      return { kind: 'ok', warnings: [`Table '${shown}' already exists`] };
    }
    if (existing !== undefined && !statement.isReplacing) {
      throw new SqlError(1050, '42S01', `Table '${shown}' already exists`);
    }
    const now = await this.#now(signal);
    const view = await prepareView(
      this.#createParts(),
      { statement, text, pinned: context.pinned, now, replaces: existing?.id },
      signal,
    );
    if (existing === undefined) await this.#refuseTakenName(view, now, statement, signal);
    if (registry.views.length >= limits.views)
      throw new SqlError(1105, 'HY000', 'too many materialized views');
    const isAsync = statement.options.some(
      ({ name, value }) => name === 'build' && value.toLowerCase() === 'async',
    );
    const work = this.#asOwner({ kind: 'create', view }, signal);
    if (isAsync) {
      // Whatever becomes of it is in SHOW MATERIALIZED VIEW STATUS and in the log.
      work.catch(() => undefined);
    } else {
      await work.catch((error: unknown) => this.#cancelIfKilled(view, signal, error));
    }
    return OK;
  }

  /** A build whose client has gone goes on, as TiDB's own DDL does; one that was killed must leave nothing. */
  async #cancelIfKilled(view: ViewRecord, signal: AbortSignal, error: unknown): Promise<never> {
    const isKilled = signal.reason instanceof SqlError && signal.reason.errno === INTERRUPTED;
    if (isKilled) await this.#asOwner({ kind: 'drop', viewId: view.id }, new AbortController().signal);
    throw error;
  }

  #createParts(): CreateParts {
    const { parts } = this.#instance;
    return {
      describer: this.#describer,
      compiler: parts.compiler,
      systemSchema: parts.schema,
      viewOf: (database, name) => this.#instance.knowledge.registry.named(database, name),
    };
  }

  /** The same view, to be built anew in its own place. */
  async #again(view: ViewRecord, signal: AbortSignal): Promise<ViewRecord> {
    const statement = parseViewStatement(view.statement, lexModeOf(view.pinned.sqlMode));
    assert(statement.kind === 'createView', `view ${view.id} was made by ${statement.kind}`);
    return prepareView(
      this.#createParts(),
      {
        statement,
        text: view.statement,
        pinned: view.pinned,
        now: await this.#now(signal),
        replaces: view.id,
      },
      signal,
    );
  }

  /** A table, view or sequence of that name that is none of ours. */
  async #refuseTakenName(
    view: ViewRecord,
    now: Ts,
    statement: CreateView,
    signal: AbortSignal,
  ): Promise<void> {
    const { catalog } = this.#instance.parts;
    const taken = await catalog.findTable(view.schema, view.name, now, signal);
    if (taken === undefined) return;
    const isOther = statement.isReplacing ? ' and is not a materialized view' : '';
    throw new SqlError(1050, '42S01', `Table '${view.schema}.${view.name}' already exists${isOther}`);
  }

  async #drop(statement: DropViews, context: SessionContext, signal: AbortSignal): Promise<ResultPart> {
    const missing: string[] = [];
    const found: ViewRecord[] = [];
    for (const name of statement.names) {
      const view = this.#find(name, context);
      if (view === undefined) missing.push(shownName(name, context));
      else found.push(view);
    }
    if (missing.length > 0 && !statement.ifExists) {
      throw new SqlError(1146, '42S02', `Materialized VIEW '${missing.join("','")}' doesn't exist`);
    }
    for (const view of found) await this.#asOwner({ kind: 'drop', viewId: view.id }, signal);
    return { kind: 'ok', warnings: missing.map((name) => `Materialized VIEW '${name}' doesn't exist`) };
  }

  async #refresh(statement: RefreshView, context: SessionContext, signal: AbortSignal): Promise<ResultPart> {
    const { method, mode } = statement;
    const isComplete = method?.kind === 'complete' && (method.place ?? 'outOfPlace') === 'outOfPlace';
    if (
      (method !== undefined && !isComplete) ||
      mode !== undefined ||
      statement.isDryRun ||
      statement.isProfiled
    )
      throw new NotSupportedError('REFRESH', 'only the bare form and COMPLETE [OUT OF PLACE] are there yet');
    const view = this.#named(statement.name, context);
    if (isComplete) {
      await this.#asOwner({ kind: 'create', view: await this.#again(view, signal) }, signal);
      return OK;
    }
    if (view.state !== 'READY') {
      throw new SqlError(
        1356,
        'HY000',
        `Materialized view '${view.schema}.${view.name}' is ${view.state}: ${view.lastError ?? 'not maintained'}`,
      );
    }
    await this.waitFor('now', signal);
    return OK;
  }

  async *#check(
    statement: CheckView,
    context: SessionContext,
    signal: AbortSignal,
  ): AsyncGenerator<ResultPart> {
    const view = this.#named(statement.name, context);
    const { parts } = this.#instance;
    const x = await this.#now(signal);
    const result = await lawCheck(parts.control, parts.schema, view, x, signal);
    if (result.differences.length === 0) {
      yield OK;
      return;
    }
    const shown = result.differences.map(({ where, text }) => `${where}: (${text})`).join('; ');
    throw new SqlError(
      8223,
      'HY000',
      `data inconsistency in materialized view: ${view.schema}.${view.name} differs from its definition as of ` +
        `${result.appliedTs}: ${shown}`,
    );
  }

  async *#explain(
    statement: ExplainView,
    text: string,
    context: SessionContext,
    signal: AbortSignal,
  ): AsyncGenerator<ResultPart> {
    const { subject } = statement;
    const parts = { ...this.#createParts(), control: this.#instance.parts.control };
    const now = await this.#now(signal);
    if (subject.kind === 'createView') {
      if (statement.isAnalyzed)
        throw new NotSupportedError('EXPLAIN ANALYZE CREATE', 'create the view, then EXPLAIN ANALYZE it');
      const request = { statement: subject, text, pinned: context.pinned, now, replaces: undefined };
      yield* explain(await explainCreate(parts, request, signal), statement.format);
      return;
    }
    const view = this.#named(subject.name, context);
    if (!statement.isAnalyzed) {
      yield* explain(await explainPlanOf(parts, view, now, signal), statement.format);
      return;
    }
    const answer = await this.#asOwner({ kind: 'work', viewId: view.id }, signal);
    assert(answer !== undefined, `no answer to what view ${view.id} does`);
    yield* explainWork(JSON.parse(answer) as readonly WorkLine[], statement.format);
  }

  /** Does it here if this instance reigns, else asks whoever does; again, if the reign ends meanwhile. */
  async #asOwner(request: OwnerRequest, signal: AbortSignal): Promise<string | undefined> {
    const { parts } = this.#instance;
    for (;;) {
      const { reign } = this.#instance;
      if (reign === undefined) {
        const answer = await askOwner({ ...parts, member: parts.member.id }, request, signal);
        if (request.kind !== 'work') await this.#instance.catchUp(signal);
        return answer;
      }
      try {
        return await reign.carryOut(request, signal);
      } catch (error) {
        signal.throwIfAborted();
        if (!isForSuccessor(error) && this.#instance.reign === reign && !reign.hasEnded) throw error;
        // The reign ended under it: ask the next owner, once there is one.
        await parts.runtime.sleep(100, signal);
      }
    }
  }

  #find(name: ObjectName, context: SessionContext): ViewRecord | undefined {
    const schema = name.database ?? context.pinned.database;
    if (schema === undefined) throw new SqlError(1046, '3D000', 'No database selected');
    return this.#instance.knowledge.registry.named(schema, name.name);
  }

  #named(name: ObjectName, context: SessionContext): ViewRecord {
    const view = this.#find(name, context);
    if (view !== undefined) return view;
    throw new SqlError(1146, '42S02', `Materialized VIEW '${shownName(name, context)}' doesn't exist`);
  }

  #statusRow(view: ViewRecord) {
    const { knowledge, reign, parts } = this.#instance;
    return statusRow({ view, frontier: knowledge.frontier, reign, now: parts.cluster.tso.highest });
  }

  #now(signal: AbortSignal): Promise<Ts> {
    return this.#instance.parts.cluster.tso.next(signal);
  }
}

function shownName(name: ObjectName, context: SessionContext): string {
  return `${name.database ?? context.pinned.database ?? ''}.${name.name}`;
}

function spoken(statement: ViewStatement): string {
  return statement.kind.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

function unknownFrontier(): TiviewError {
  return new TiviewError('nothing is known of the views yet', {
    kind: 'frontierUnknown',
    side: 'proxy',
    isRetryable: true,
  });
}
