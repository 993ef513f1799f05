/** Builds this layer over a cluster: the system schema, the catalog, the instance, the service. */
import type { Runtime } from '../base/runtime.js';
import type { Telemetry } from '../base/telemetry.js';
import type { Transport } from '../base/transport.js';
import { Catalog } from '../catalog/catalog.js';
import { findRegistryTables } from '../commit/registry-tables.js';
import type { TikvCluster } from '../tikv/client.js';
import { bootstrapRegistry } from './bootstrap.js';
import { ControlPool, type ControlOptions } from './control-pool.js';
import { Describer } from './describer.js';
import { Instance } from './instance.js';
import type { Member } from './members.js';
import type { ViewService } from './service-types.js';
import { ViewCompiler } from './view-compiler.js';
import { InstanceViewService } from './view-service.js';

/** What the layer is built over. */
export interface ViewLayerOptions {
  readonly cluster: TikvCluster;
  /** Connections for change feeds only. */
  readonly feedTransport: Transport;
  readonly control: Omit<ControlOptions, 'telemetry'>;
  readonly runtime: Runtime;
  readonly telemetry: Telemetry;
  /** Name of the system schema. */
  readonly schema: string;
  /** This instance; its id is made up here. */
  readonly member: Omit<Member, 'id'>;
  readonly epochIntervalMs: number;
  /** What TiKV's `cdc.min-ts-interval` is to be, in the whole cluster; undefined: left as it is. */
  readonly cdcIntervalMs: number | undefined;
}

/** The running layer. */
export interface ViewLayer {
  readonly service: ViewService;
  /** `SELECT VERSION()` of TiDB. */
  readonly tidbVersion: string;
  /** Hands maintenance over and ends. */
  stop(signal: AbortSignal): Promise<void>;
}

/** TiDB's default, should it not tell. */
const GC_LIFE_MS = 10 * 60_000;

/**
 * Starts the layer. Resolves when the registry is known; maintenance begins by itself.
 *
 * @throws TiviewError | SqlError — what keeps it from starting.
 */
export async function startViewLayer(options: ViewLayerOptions, signal: AbortSignal): Promise<ViewLayer> {
  const control = new ControlPool({ ...options.control, telemetry: options.telemetry });
  try {
    return await startOver(control, options, signal);
  } catch (error) {
    control.close();
    throw error;
  }
}

async function startOver(
  control: ControlPool,
  options: ViewLayerOptions,
  signal: AbortSignal,
): Promise<ViewLayer> {
  const { cluster, runtime, telemetry, schema } = options;
  const facts = await bootstrapRegistry(control, schema, signal);
  if (options.cdcIntervalMs !== undefined) {
    await control.query(`SET CONFIG tikv \`cdc.min-ts-interval\` = '${options.cdcIntervalMs}ms'`, signal);
    telemetry.log.info('cdc.min-ts-interval of TiKV was set', { ms: options.cdcIntervalMs });
  }
  const historyKeptMs = await gcLifeMs(control, signal);
  const catalog = new Catalog(cluster.snapshots, facts.isNewCollation);
  const tables = await findRegistryTables(catalog, schema, await cluster.tso.next(signal), signal);
  const id = `${options.member.host}-${randomWord(runtime)}`.slice(-64);
  const instance = new Instance({
    cluster,
    feedTransport: options.feedTransport,
    catalog,
    control,
    compiler: new ViewCompiler(catalog),
    runtime,
    telemetry,
    schema,
    tables,
    member: { ...options.member, id },
    epochIntervalMs: options.epochIntervalMs,
    historyKeptMs,
  });
  await instance.start(signal);
  const describer = new Describer(control, schema, () => `describe_${randomWord(runtime)}`);
  return {
    service: new InstanceViewService(instance, describer),
    tidbVersion: facts.version,
    stop: async (stopSignal) => {
      await instance.stop(stopSignal);
      control.close();
    },
  };
}

/** `10m0s`, `1h30m` … as milliseconds. */
async function gcLifeMs(control: ControlPool, signal: AbortSignal): Promise<number> {
  const [row] = await control.query('SELECT @@GLOBAL.tidb_gc_life_time AS life', signal);
  const units: Readonly<Record<string, number>> = { h: 3_600_000, m: 60_000, s: 1000 };
  let ms = 0;
  for (const [, amount, unit] of (row?.['life'] ?? '').matchAll(/(\d+(?:\.\d+)?)([hms])/g)) {
    ms += Number(amount) * (units[unit ?? ''] ?? 0);
  }
  return Math.max(GC_LIFE_MS, ms);
}

/** Twelve letters and digits. */
function randomWord(runtime: Runtime): string {
  const half = (): string =>
    Math.floor(runtime.random() * 36 ** 6)
      .toString(36)
      .padStart(6, '0');
  return half() + half();
}
