/**
 * `tiview --tidb …`: wires the layers from the bottom up, says when it is ready, and takes everything down in the
 * reverse order when told to stop.
 */
import { hostname } from 'node:os';
import { TiviewError, asError } from '../base/errors.js';
import type { Runtime, Task } from '../base/runtime.js';
import { loggedCause } from '../base/sensitive.js';
import { systemRuntime } from '../base/system-runtime.js';
import type { Telemetry } from '../base/telemetry.js';
import { PrometheusMetrics } from '../observe/prometheus-metrics.js';
import { DEMO_STATEMENTS, demoText } from '../embedded/demo.js';
import { MergedMetrics } from '../observe/merged-metrics.js';
import { type SettableLog, stderrLog, terminalLog } from '../observe/pino-log.js';
import { ProgressLine } from '../observe/progress-line.js';
import { StatusServer } from '../observe/status-server.js';
import { ViewGates } from '../proxy/intercept/view-gates.js';
import { removeStaleSocket } from '../proxy/listening.js';
import { connectWith, ownPreamble } from '../proxy/preamble.js';
import { ServerWatch } from '../proxy/server-watch.js';
import { connectCluster } from '../tikv/client.js';
import { BatchingTransport } from '../tikv/batch/batching-transport.js';
import { GrpcTransport } from '../tikv/grpc-transport.js';
import { type ClusterServers, Discovery, type ViewService, startViewLayer } from '../view/index.js';
import type { AdminWishes } from './admin-wishes.js';
import { ConfigError } from './config-error.js';
import type { Request } from './config.js';
import { type FrontEnd, reloadable, startFrontEnd } from './front-end.js';
import { type FrontEnds, localFrontEnd, localStatements } from './front-ends.js';
import { JournalFiles } from './journal-files.js';
import { type HostPort, type Options, printHostPort } from './options.js';
import { LiveSettings } from './reload.js';
import { statusToken } from './status-access.js';
import { StatusBoard } from './status-board.js';
import type { StopSignals } from './stop-signals.js';
import { clusterTls } from './tls-files.js';
import { programVersion } from './version.js';
import { WorkerPool } from './workers/worker-pool.js';
import { forkWorker } from './workers/worker-process.js';

type ServeRequest = Extract<Request, { kind: 'serve' }>;

/** How long the end of everything but clients' transactions may take. */
const STOP_BUDGET_MS = 5_000;
/** Between two looks at the progress of builds, on a terminal. */
const PROGRESS_MS = 200;

/** What a serving process is told from outside. */
export interface Orders {
  readonly stopping: StopSignals;
  readonly wishes: AdminWishes;
  /** Reads the configuration again. @throws ConfigError. */
  readonly read: () => Request;
}

/** Serves until a signal; the exit code. @throws what keeps it from serving. */
export async function serve(request: ServeRequest, orders: Orders): Promise<number> {
  const { options } = request;
  const { stopping } = orders;
  const crash = new AbortController();
  const metrics = new PrometheusMetrics();
  const merged = new MergedMetrics(metrics);
  const line = process.stderr.isTTY ? new ProgressLine(process.stderr) : undefined;
  const log = line === undefined ? stderrLog(options['log-level']) : terminalLog(options['log-level'], line);
  const runtime = systemRuntime((task, error) => {
    log.error('a background task has failed; the process ends', { task, error: loggedCause(error) });
    crash.abort(error);
  });
  refuseWhatComesLater(options);
  const board = new StatusBoard(programVersion(), stopping.first);
  const { host, port } = options.status;
  await using status = await StatusServer.listen(host, port, board, merged, statusToken(options));
  const ending = AbortSignal.any([stopping.first, crash.signal]);
  const ends = new Ends(stopping.second);
  const telemetry = { log, metrics };
  // Whether that can be done is said before anything begins; each front end opens them for itself.
  await (await JournalFiles.open(options, { runtime, telemetry }))[Symbol.asyncDispose]();
  if (line !== undefined) showBuilds(line, board, runtime, ends);
  const serving = await start(
    request,
    { runtime, telemetry, merged, board, status, ends, read: orders.read },
    ending,
  ).catch(async (error: unknown) => {
    await ends.run();
    if (!stopping.first.aborted || crash.signal.aborted) throw error;
    return undefined;
  });
  if (serving === undefined) {
    log.info('told to stop before it served');
    return 0;
  }
  const { frontEnds, settings } = serving;
  process.stdout.write(`tiview ready: mysql=${printHostPort(frontEnds.address)} status=${status.address}\n`);
  if (options.demo) process.stdout.write(`\n${demoText(frontEnds.address)}`);
  const granting = grantWishes(orders.wishes, serving, runtime, log);

  await aborted(ending);
  const drainMs = crash.signal.aborted ? 0 : settings.options['drain-timeout'];
  log.info('draining', { timeoutMs: drainMs });
  const granted = granting.stop();
  const isDrained = await Promise.race([
    frontEnds.drain(drainMs, stopping.second).then(() => true),
    aborted(stopping.second).then(() => false),
  ]);
  if (isDrained) await granted;
  await ends.run();
  return crash.signal.aborted || !isDrained ? 1 : 0;
}

/** Does what SIGHUP and SIGUSR2 ask for. */
function grantWishes(
  wishes: AdminWishes,
  { frontEnds, settings }: Serving,
  runtime: Runtime,
  log: SettableLog,
): Task {
  return runtime.spawn('wishes of the administrator', async (signal) => {
    for (;;) {
      const wish = await wishes.next(signal);
      if (wish === 'reload') {
        // Also when the settings are of no use: logrotate has renamed them.
        frontEnds.reopenLogs();
        settings.reload(frontEnds, log);
        continue;
      }
      log.info('replacing the front ends');
      try {
        const replaced = await frontEnds.replace(settings.options['drain-timeout'], signal);
        log.info('front ends were replaced', { replaced });
      } catch (error) {
        signal.throwIfAborted();
        log.error('not all front ends could be replaced; the others go on', { error: loggedCause(error) });
      }
    }
  });
}

/** Draws how far builds have come. */
function showBuilds(line: ProgressLine, board: StatusBoard, runtime: Runtime, ends: Ends): void {
  const task = runtime.spawn('progress line', async (signal) => {
    for (;;) {
      line.show(board.builds());
      await runtime.sleep(PROGRESS_MS, signal);
    }
  });
  ends.add(async () => {
    await task.stop();
    line.show([]);
  });
}

/** What must be ended of what has been started, the last first. */
class Ends {
  readonly #now: AbortSignal;
  readonly #ends: ((signal: AbortSignal) => Promise<void> | void)[] = [];

  /** @param now - aborted when there is no time left for an orderly end. */
  constructor(now: AbortSignal) {
    this.#now = now;
  }

  add(end: (signal: AbortSignal) => Promise<void> | void): void {
    this.#ends.push(end);
  }

  async run(): Promise<void> {
    const signal = AbortSignal.any([this.#now, AbortSignal.timeout(STOP_BUDGET_MS)]);
    for (const end of this.#ends.splice(0).reverse()) await end(signal);
  }
}

interface Environment {
  readonly runtime: Runtime;
  readonly telemetry: Telemetry;
  readonly merged: MergedMetrics;
  readonly board: StatusBoard;
  readonly status: StatusServer;
  /** Is told of everything but the proxy that must be ended. */
  readonly ends: Ends;
  /** @see Orders.read */
  readonly read: () => Request;
}

/** What there is while clients are served. */
interface Serving {
  readonly frontEnds: FrontEnds;
  readonly settings: LiveSettings;
}

/** Builds the layers. Listening comes last, so that a client who gets in is served. */
async function start(request: ServeRequest, environment: Environment, signal: AbortSignal): Promise<Serving> {
  const { options } = request;
  const { runtime, telemetry, board, status, ends } = environment;
  const seeds = options.tidb ?? [await startCluster(options, environment, signal)];
  const settings = new LiveSettings(request, seeds, environment.read);
  const serving: { frontEnds?: FrontEnds } = {};
  const preamble = ownPreamble(options['tidb-proxy-protocol']);
  const control = {
    servers: () => serving.frontEnds?.backends ?? seeds,
    login: () => settings.login,
    ...(preamble === undefined ? {} : { connect: (server: HostPort) => connectWith(preamble, server) }),
  };
  const discovery = new Discovery({ control, runtime, telemetry });
  ends.add(() => discovery.close());
  const found = await discovery.look(signal);
  const grpc = clusterTls(options);
  const kv = new BatchingTransport(new GrpcTransport(grpc), runtime);
  const transports = { pd: new GrpcTransport(grpc), kv };
  const feedTransport = new GrpcTransport(grpc);
  ends.add(() => {
    for (const transport of [transports.pd, transports.kv, feedTransport]) transport.close();
  });
  const pdSeeds = options.pd?.map(printHostPort) ?? pdOf(found);
  const cluster = await connectCluster({ pdSeeds, transports, runtime, telemetry }, signal);
  ends.add(() => cluster.close());
  const member = {
    address: options.listen.port === 0 ? '' : printHostPort(options.listen),
    statusAddress: status.address,
    host: hostname(),
    version: programVersion(),
  };
  const { schema } = options;
  const epochIntervalMs = options['epoch-interval'];
  const cdcIntervalMs = options['set-cdc-interval'];
  const layer = await startViewLayer(
    { cluster, feedTransport, control, runtime, telemetry, schema, member, epochIntervalMs, cdcIntervalMs },
    signal,
  );
  ends.add((endSignal) => layer.stop(endSignal));
  const frontEnds = await startFrontEnds(settings, layer.service, environment);
  serving.frontEnds = frontEnds;
  frontEnds.setBackends(found.tidb);
  const watch = runtime.spawn('discovery', (stop) =>
    discovery.watch((servers) => frontEnds.setBackends(servers), stop),
  );
  ends.add(() => watch.stop());
  board.serves(layer.service, frontEnds);
  telemetry.log.info('serving', { tidb: layer.tidbVersion, servers: found.tidb.length });
  return { frontEnds, settings };
}

/** One in this process, or several processes. */
async function startFrontEnds(
  { options, frontEnd }: LiveSettings,
  service: ViewService,
  { runtime, telemetry, merged, ends }: Environment,
): Promise<FrontEnds> {
  const socket = options['listen-socket'];
  if (socket !== undefined) await removeStaleSocket(socket);
  if (options.workers > 1) {
    const onBug = (error: unknown): void => {
      runtime.spawn('duty towards a front end', () => Promise.reject(asError(error)));
    };
    const preamble = ownPreamble(options['tidb-proxy-protocol']);
    const watch = new ServerWatch(reloadable(frontEnd), { runtime, telemetry, preamble });
    const parts = { runtime, telemetry, service, metrics: merged, watch, spawn: forkWorker, onBug };
    return WorkerPool.start(frontEnd, parts);
  }
  const gates = new ViewGates(
    service,
    localStatements(() => local.proxy),
  );
  const local: FrontEnd = await startFrontEnd(frontEnd, { runtime, telemetry, gates });
  ends.add(() => local.files[Symbol.asyncDispose]());
  return localFrontEnd(local);
}

/** Where PD is. @throws TiviewError — nobody says. */
function pdOf({ pd }: ClusterServers): readonly string[] {
  if (pd.length > 0) return pd;
  const traits = { kind: 'pdUnknown', side: 'tidb', isRetryable: false } as const;
  throw new TiviewError('TiDB does not say where PD is: give --pd HOST:PORT', traits);
}

/** Without `--tidb`: a cluster in this process, and where its SQL front end listens. */
async function startCluster(
  { demo }: Options,
  { runtime, telemetry, ends }: Environment,
  signal: AbortSignal,
): Promise<HostPort> {
  // Loaded only where there is no TiDB to stand before.
  const { startEmbedded } = await import('../embedded/start-embedded.js');
  const embedded = await startEmbedded({ runtime, telemetry }, signal);
  ends.add(() => embedded.stop());
  if (demo) await embedded.run(DEMO_STATEMENTS, signal);
  telemetry.log.info('the cluster is an embedded one: its data is gone when this process ends');
  return embedded.sql;
}

function refuseWhatComesLater(options: Options): void {
  if (options['data-dir'] !== undefined)
    throw new ConfigError('data-dir: nothing is kept on disk yet, the embedded cluster lives in memory');
  if (options.demo && options.tidb !== undefined)
    throw new ConfigError('demo: only the embedded cluster is filled, so not together with --tidb');
  if (options['tidb-proxy-protocol'] !== 'off' && options.tidb === undefined)
    throw new ConfigError(
      'tidb-proxy-protocol: the embedded cluster takes no PROXY headers, so only with --tidb',
    );
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
