/** A real TiDB (the rig of test/tidb) as these tests see it: an address that answers, until it does not. */
import { startRig } from '../../support/rig.js';

/** A running tidb-server. */
export interface Tidb {
  readonly host: string;
  readonly port: number;
  readonly address: string;
  readonly pid: number;
  /** Ends it at once. */
  kill(): void;
  /** Ends it and waits. */
  stop(): Promise<void>;
}

/** Starts one; it ends with this process at the latest. */
export async function startTidb(): Promise<Tidb> {
  const rig = await startRig();
  return {
    host: '127.0.0.1',
    port: rig.mysqlPort,
    address: `127.0.0.1:${rig.mysqlPort}`,
    pid: rig.pid,
    kill: () => process.kill(rig.pid, 'SIGKILL'),
    stop: () => rig.stop(),
  };
}
