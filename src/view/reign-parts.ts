/** What an owner works with during one reign. */
import type { Catalog } from '../catalog/catalog.js';
import type { CommitParts } from '../commit/fenced-transaction.js';
import type { RegistryTables } from '../commit/registry-tables.js';
import type { FeedRouter } from '../source/feed-router.js';
import type { TikvCluster } from '../tikv/client.js';
import type { ControlPool } from './control-pool.js';
import type { GcKeeper } from './gc-keeper.js';
import type { Group } from './group.js';
import type { Registry } from './registry.js';
import type { ViewCompiler } from './view-compiler.js';

/** Shared by builds, drops and the maintenance loop. */
export interface ReignParts extends CommitParts {
  readonly cluster: TikvCluster;
  readonly catalog: Catalog;
  readonly control: ControlPool;
  readonly compiler: ViewCompiler;
  /** Name of the system schema. */
  readonly schema: string;
  readonly tables: RegistryTables;
  readonly registry: Registry;
  readonly router: FeedRouter;
  readonly gc: GcKeeper;
  readonly group: Group;
  readonly term: bigint;
}
