/** A rig's TiDB and TiView before it, for clients that are run both ways. */
import { type Rig, startRig } from '../support/rig.js';
import { SqlClient } from '../support/sql-client.js';
import { type TiView, startTiView } from '../support/tiview.js';

/** Two ways to one TiDB, user `root` without password. */
export interface Servers extends AsyncDisposable {
  /** TiDB's own port. */
  readonly direct: number;
  /** TiView's. */
  readonly through: number;
}

/** Starts both. TiView maintains a view of a database `elsewhere`, so that it looks at every statement. */
export async function startServers(): Promise<Servers> {
  const rig = await startRig();
  try {
    const tiview = await startTiView({ tidbPort: rig.mysqlPort });
    await using client = await tiview.connect();
    await client.runAll(
      'create database elsewhere',
      'use elsewhere',
      'create table source (id int primary key, v varchar(10))',
      'create materialized view loaded as select id, v from source where id > 5',
    );
    return serversOf(rig, tiview);
  } catch (error) {
    await rig.stop();
    throw error;
  }
}

function serversOf(rig: Rig, tiview: TiView): Servers {
  return {
    direct: rig.mysqlPort,
    through: tiview.port,
    [Symbol.asyncDispose]: async () => {
      await tiview.stop();
      await rig.stop();
    },
  };
}

/** Runs statements on a new connection. */
export async function runStatements(port: number, statements: readonly string[]): Promise<void> {
  await using client = await SqlClient.open({ port });
  await client.runAll(...statements);
}
