/**
 * Makes the system schema, if it is not there, and checks that this program understands what is. Idempotent; any
 * number of instances may do it at once.
 */
import { SqlError, TiviewError } from '../base/errors.js';
import { DEFAULT_GROUP, FORMAT_VERSION, registrySchema } from '../commit/registry-schema.js';
import type { ControlPool } from './control-pool.js';
import { quoteTable } from './quote.js';
import { printName } from '../sql/parse/print-text.js';

const ER_DB_CREATE_EXISTS = 1007;
const ER_TABLE_EXISTS = 1050;

/** What must be known of the cluster before anything else. */
export interface ClusterFacts {
  /** `mysql.tidb.new_collation_enabled`. */
  readonly isNewCollation: boolean;
  /** `SELECT VERSION()`. */
  readonly version: string;
}

/**
 * Prepares the system schema.
 *
 * @throws TiviewError kind `formatTooNew` — a newer TiView has written it; SqlError — the account lacks a privilege.
 */
export async function bootstrapRegistry(
  control: ControlPool,
  schema: string,
  signal: AbortSignal,
): Promise<ClusterFacts> {
  return control.session(async (session) => {
    // Several instances may race: TiDB's IF NOT EXISTS can still lose with "exists".
    const make = async (sql: string): Promise<void> => {
      try {
        await session.query(sql);
      } catch (error) {
        const isThere =
          error instanceof SqlError && [ER_DB_CREATE_EXISTS, ER_TABLE_EXISTS].includes(error.errno);
        if (!isThere) throw error;
      }
    };
    await make(`CREATE DATABASE IF NOT EXISTS ${printName(schema)}`);
    for (const [name, columns] of Object.entries(registrySchema)) {
      await make(
        `CREATE TABLE IF NOT EXISTS ${quoteTable(schema, name)} (${columns}) ` +
          'CHARACTER SET utf8mb4 COLLATE utf8mb4_bin',
      );
    }
    const meta = quoteTable(schema, 'meta');
    await session.query(`INSERT IGNORE INTO ${meta} VALUES ('format_version', '${FORMAT_VERSION}')`);
    await session.query(
      `INSERT IGNORE INTO ${quoteTable(schema, 'frontier')} VALUES (${DEFAULT_GROUP}, 0, 0, 0, '', 0)`,
    );
    const [format] = await session.query(`SELECT value FROM ${meta} WHERE name = 'format_version'`);
    const found = Number(format?.['value']);
    if (!(found <= FORMAT_VERSION)) throw formatTooNew(schema, found);
    const [collation] = await session.query(
      "SELECT variable_value AS value FROM mysql.tidb WHERE variable_name = 'new_collation_enabled'",
    );
    const [version] = await session.query('SELECT VERSION() AS version');
    return { isNewCollation: collation?.['value'] !== 'False', version: version?.['version'] ?? '' };
  }, signal);
}

function formatTooNew(schema: string, found: number): TiviewError {
  return new TiviewError(
    `${schema}.meta says format ${found}, and this TiView knows only up to ${FORMAT_VERSION}: ` +
      'start the newer one, or drop the schema after tiview uninstall',
    { kind: 'formatTooNew', side: 'client', isRetryable: false },
  );
}
