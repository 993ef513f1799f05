/** What one instance of TiView is made of, whether it reigns or not. */
import type { Catalog } from '../catalog/catalog.js';
import type { CommitParts } from '../commit/fenced-transaction.js';
import type { RegistryTables } from '../commit/registry-tables.js';
import type { Transport } from '../base/transport.js';
import type { TikvCluster } from '../tikv/client.js';
import type { ControlPool } from './control-pool.js';
import type { Member } from './members.js';
import type { ViewCompiler } from './view-compiler.js';

/** Made once, at the start. */
export interface InstanceParts extends CommitParts {
  readonly cluster: TikvCluster;
  /** Connections of the change feed's own: a slow consumer must not hold up reads (TIKV-FACTS §0). */
  readonly feedTransport: Transport;
  readonly catalog: Catalog;
  readonly control: ControlPool;
  readonly compiler: ViewCompiler;
  /** Name of the system schema. */
  readonly schema: string;
  readonly tables: RegistryTables;
  readonly member: Member;
  readonly epochIntervalMs: number;
  /** For how long TiDB keeps old versions. */
  readonly historyKeptMs: number;
}
