/** What the main process and a front-end process do for each other. Everything that crosses is clonable. */
import type { ListedServer } from '../../proxy/backends.js';
import type { MetricsSnapshot } from '../../observe/merged-metrics.js';
import type { NameSnapshot, ResultPart, SessionContext, StatementInput } from '../../view/index.js';
import type { FrontEndSettings } from '../front-end.js';
import type { MoveCounts, ServerState } from '../front-ends.js';
import type { HostPort } from '../options.js';

/** How a front end is. */
export interface WorkerState {
  /** Clients connected now. */
  readonly connections: number;
  /** In its life. */
  readonly moves: MoveCounts;
  /** tidb-servers as it sees them. */
  readonly servers: readonly ServerState[];
  /** Resident bytes. */
  readonly memoryBytes: number;
}

/** What a front end has come to that has drained. */
export interface WorkerResult {
  readonly state: WorkerState;
  readonly metrics: MetricsSnapshot;
}

/** What a front-end process begins with. */
export interface WorkerStart {
  /** Counts from 1. */
  readonly number: number;
  readonly settings: FrontEndSettings;
  readonly names: NameSnapshot;
  readonly servers: readonly ListedServer[];
}

/** Duties of a front-end process. */
export interface WorkerDuties {
  /** Begins to serve; where it listens. @throws ListenError. */
  start(start: WorkerStart): Promise<HostPort>;
  /** Statements are judged by these names when this has been answered. */
  names(names: NameSnapshot): Promise<void>;
  servers(servers: readonly ListedServer[]): Promise<void>;
  reload(settings: FrontEndSettings): Promise<void>;
  /** @see FrontEnds.reopenLogs */
  reopenLogs(nothing: undefined): Promise<void>;
  /** @see Proxy.retire */
  retire(lingerMs: number, signal: AbortSignal): Promise<void>;
  /** Stops accepting, drains (Proxy.drain), and says what it has counted in its life. */
  drain(timeoutMs: number, signal: AbortSignal): Promise<WorkerResult>;
  state(nothing: undefined): Promise<WorkerState>;
  metrics(nothing: undefined): Promise<MetricsSnapshot>;
  /** Whose statement is answered on a connection of this process. */
  answeredUser(connectionId: number): Promise<string | undefined>;
  interrupt(connectionId: number): Promise<void>;
  /** The id by which TiDB knows a connection of this process; undefined: it is none. */
  presentId(connectionId: number): Promise<number | undefined>;
}

/** Duties of the main process. */
export interface MainDuties {
  /** `ViewService.execute`. When its last part is out, every front end knows the names that it has changed. */
  execute(
    statement: { readonly input: StatementInput; readonly context: SessionContext },
    signal: AbortSignal,
  ): AsyncIterable<ResultPart>;
  /** Whose statement is answered on a connection, in any front end. */
  answeredUser(connectionId: number, signal: AbortSignal): Promise<string | undefined>;
  interrupt(connectionId: number, signal: AbortSignal): Promise<void>;
  /** The id by which TiDB knows a connection of any front end; of others the id itself. */
  presentId(connectionId: number, signal: AbortSignal): Promise<number>;
}
