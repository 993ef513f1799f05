/**
 * The tables of the system schema (`--schema`, `tiview` by default): readable SQL, the only durable state of TiView
 * besides the views themselves. All but `requests` and `meta` are written past TiDB, so none has a secondary index,
 * and keys are clustered.
 *
 * Columns are only ever added; `format_version` in `meta` is raised when an older instance could no longer lead.
 */

/** Format that this program writes. */
export const FORMAT_VERSION = 1;

/** The one group that views belong to unless told otherwise. */
export const DEFAULT_GROUP = 0n;

/** name → column definitions, in the order in which tables are made. */
export const registrySchema = {
  meta: 'name VARCHAR(64) NOT NULL, value VARCHAR(255) NOT NULL, PRIMARY KEY (name) CLUSTERED',
  frontier:
    'group_id BIGINT NOT NULL, epoch BIGINT UNSIGNED NOT NULL, applied_ts BIGINT UNSIGNED NOT NULL, ' +
    'term BIGINT UNSIGNED NOT NULL, owner VARCHAR(64) NOT NULL, start_ts BIGINT UNSIGNED NOT NULL, ' +
    'PRIMARY KEY (group_id) CLUSTERED',
  epochs:
    'group_id BIGINT NOT NULL, epoch BIGINT UNSIGNED NOT NULL, applied_ts BIGINT UNSIGNED NOT NULL, ' +
    'commit_ts BIGINT UNSIGNED NOT NULL, PRIMARY KEY (group_id, epoch) CLUSTERED',
  views:
    'id BIGINT NOT NULL, schema_name VARCHAR(64) NOT NULL, name VARCHAR(64) NOT NULL, ' +
    'state VARCHAR(16) NOT NULL, table_id BIGINT NOT NULL, statement LONGTEXT NOT NULL, ' +
    'definition LONGTEXT NOT NULL, output LONGTEXT NOT NULL, pinned TEXT NOT NULL, fingerprint VARCHAR(64) NOT NULL, ' +
    'options LONGTEXT NOT NULL, applied_ts BIGINT UNSIGNED, last_error TEXT, created_ts BIGINT UNSIGNED NOT NULL, ' +
    'replaces BIGINT, PRIMARY KEY (id) CLUSTERED',
  builds:
    'id BIGINT NOT NULL, attempt BIGINT NOT NULL, term BIGINT UNSIGNED NOT NULL, phase VARCHAR(16) NOT NULL, ' +
    'table_id BIGINT NOT NULL, table_name VARCHAR(64) NOT NULL, snapshot_ts BIGINT UNSIGNED NOT NULL, ' +
    'applied_ts BIGINT UNSIGNED NOT NULL, rows_written BIGINT UNSIGNED NOT NULL, PRIMARY KEY (id) CLUSTERED',
  members:
    'id VARCHAR(64) NOT NULL, address VARCHAR(255) NOT NULL, status_address VARCHAR(255) NOT NULL, ' +
    'host VARCHAR(255) NOT NULL, version VARCHAR(64) NOT NULL, heartbeat BIGINT UNSIGNED NOT NULL, ' +
    'PRIMARY KEY (id) CLUSTERED',
  requests:
    'id BIGINT NOT NULL AUTO_INCREMENT, member VARCHAR(64) NOT NULL, request LONGTEXT NOT NULL, ' +
    'answer LONGTEXT, PRIMARY KEY (id) CLUSTERED',
} as const;

/** Name of a registry table. */
export type RegistryTableName = keyof typeof registrySchema;
