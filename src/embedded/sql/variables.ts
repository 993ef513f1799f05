/** System variables: those that clients, drivers and TiView ask for or set, with TiDB's defaults. */
import { SqlError } from '../../base/errors.js';

/** `name=value`, as SHOW VARIABLES has them in TiDB. */
const DEFAULTS = `
auto_increment_increment=1
auto_increment_offset=1
autocommit=ON
big_tables=OFF
character_set_client=utf8mb4
character_set_connection=utf8mb4
character_set_database=utf8mb4
character_set_filesystem=binary
character_set_results=utf8mb4
character_set_server=utf8mb4
character_set_system=utf8
collation_connection=utf8mb4_bin
collation_database=utf8mb4_bin
collation_server=utf8mb4_bin
default_authentication_plugin=mysql_native_password
default_storage_engine=InnoDB
default_week_format=0
div_precision_increment=4
event_scheduler=OFF
explicit_defaults_for_timestamp=ON
foreign_key_checks=ON
group_concat_max_len=1024
have_openssl=DISABLED
have_profiling=NO
have_query_cache=YES
have_ssl=DISABLED
hostname=localhost
init_connect=
innodb_lock_wait_timeout=50
innodb_read_only=0
innodb_version=5.6.25
interactive_timeout=28800
lc_time_names=en_US
license=Apache License 2.0
local_infile=OFF
long_query_time=10.000000
lower_case_file_system=1
lower_case_table_names=2
max_allowed_packet=67108864
max_connections=0
max_execution_time=0
max_sort_length=1024
max_user_connections=0
net_buffer_length=16384
net_read_timeout=30
net_write_timeout=60
optimizer_switch=index_merge=on
performance_schema=OFF
port=0
profiling=OFF
protocol_version=10
query_cache_limit=1048576
query_cache_size=0
query_cache_type=OFF
read_only=OFF
session_track_gtids=OFF
session_track_schema=
session_track_state_change=
session_track_system_variables=
skip_networking=0
socket=
sql_auto_is_null=OFF
sql_mode=ONLY_FULL_GROUP_BY,STRICT_TRANS_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_AUTO_CREATE_USER,NO_ENGINE_SUBSTITUTION
sql_notes=1
sql_safe_updates=OFF
sql_select_limit=18446744073709551615
sql_warnings=OFF
storage_engine=InnoDB
super_read_only=OFF
system_time_zone=UTC
table_definition_cache=2000
thread_cache_size=9
tidb_allow_mpp=OFF
tidb_constraint_check_in_place=ON
tidb_current_ts=0
tidb_disable_txn_auto_retry=ON
tidb_enable_clustered_index=ON
tidb_enable_external_ts_read=OFF
tidb_enable_outer_join_reorder=ON
tidb_gc_life_time=10m0s
tidb_isolation_read_engines=tikv
tidb_low_resolution_tso=OFF
tidb_multi_statement_mode=ON
tidb_read_staleness=0
tidb_retry_limit=10
tidb_snapshot=
tidb_txn_mode=optimistic
time_zone=SYSTEM
tmp_table_size=16777216
transaction_isolation=REPEATABLE-READ
transaction_read_only=OFF
tx_isolation=REPEATABLE-READ
tx_read_only=OFF
unique_checks=ON
version_compile_machine=x86_64
version_compile_os=Linux
wait_timeout=28800
`;

/** What clients see as the server's version. */
export const SERVER_VERSION = '8.0.11-TiDB-v8.5.4-embedded';

const READ_ONLY: ReadonlySet<string> = new Set([
  'hostname',
  'license',
  'lower_case_table_names',
  'port',
  'protocol_version',
  'system_time_zone',
  'tidb_current_ts',
  'version',
  'version_comment',
]);

/** Words among variables whose value is ON or OFF without being true or false. */
const WORDS: ReadonlySet<string> = new Set(['event_scheduler', 'query_cache_type', 'session_track_gtids']);

/** Two names of one variable. */
const SYNONYMS: ReadonlyMap<string, string> = new Map([
  ['tx_isolation', 'transaction_isolation'],
  ['tx_read_only', 'transaction_read_only'],
]);

/** A collation as SHOW COLLATION has it. */
interface CollationFacts {
  readonly name: string;
  readonly charset: string;
  readonly id: number;
  readonly isDefault: boolean;
  /** Of a character, at most. */
  readonly bytes: number;
  readonly sortLength: number;
  readonly isPadded: boolean;
}

const BYTES: Readonly<Record<string, number>> = { utf8: 3, utf8mb4: 4 };

/** The collations that TiDB has. */
export const COLLATIONS: readonly CollationFacts[] = (
  [
    ['ascii_bin', 65],
    ['binary', 63],
    ['latin1_bin', 47],
    ['utf8_bin', 83],
    ['utf8_general_ci', 33],
    ['utf8_unicode_ci', 192],
    ['utf8mb4_0900_ai_ci', 255],
    ['utf8mb4_0900_bin', 309],
    ['utf8mb4_bin', 46],
    ['utf8mb4_general_ci', 45],
    ['utf8mb4_unicode_ci', 224],
  ] as const
).map(([name, id]) => {
  const charset = name.split('_')[0] ?? name;
  return {
    name,
    id,
    charset,
    isDefault: name === 'binary' || name === `${charset}_bin`,
    bytes: BYTES[charset] ?? 1,
    sortLength: name.endsWith('_unicode_ci') ? 8 : name === 'utf8mb4_0900_ai_ci' ? 0 : 1,
    isPadded: name !== 'binary' && !name.includes('0900'),
  };
});

/** The variables of the whole server, shared by its sessions. */
export function serverVariables(): Map<string, string> {
  const pairs = DEFAULTS.trim()
    .split('\n')
    .map((line): [string, string] => {
      const at = line.indexOf('=');
      return [line.slice(0, at), line.slice(at + 1)];
    });
  return new Map([
    ...pairs,
    ['version', SERVER_VERSION],
    ['version_comment', 'TiView embedded cluster, TiDB compatible'],
  ]);
}

/** The variables of a session. */
export class SessionVariables {
  readonly #server: Map<string, string>;
  readonly #own = new Map<string, string>();
  readonly #users = new Map<string, string | null>();

  constructor(server: Map<string, string>) {
    this.#server = server;
  }

  /** All, by name. */
  get all(): ReadonlyMap<string, string> {
    return new Map([...this.#server, ...this.#own]);
  }

  /** @throws SqlError 1193 */
  get(name: string, isGlobal = false): string {
    const value = (isGlobal ? undefined : this.#own.get(name)) ?? this.#server.get(name);
    if (value === undefined) throw unknown(name);
    return value;
  }

  /** A variable that is true or false. */
  isOn(name: string): boolean {
    return isTrue(this.get(name));
  }

  /** @param value - undefined: the default. @throws SqlError 1193, 1238, 1231, 1298 */
  set(name: string, value: string | null | undefined, isGlobal: boolean): void {
    const known = this.get(name, true);
    if (READ_ONLY.has(name)) throw new SqlError(1238, 'HY000', `Variable '${name}' is a read only variable`);
    const text = value === undefined ? known : checked(name, value, known);
    for (const one of [name, ...synonymsOf(name)]) {
      if (isGlobal) this.#server.set(one, text);
      else this.#own.set(one, text);
    }
  }

  /** `SET NAMES`. @throws SqlError 1115 */
  setNames(charset: string, collate: string | undefined): void {
    const wanted = charset === 'utf8mb3' ? 'utf8' : charset;
    const found = COLLATIONS.find((one) =>
      collate === undefined ? one.charset === wanted && one.isDefault : one.name === collate,
    );
    if (found === undefined) throw new SqlError(1115, '42000', `Unknown character set: '${charset}'`);
    for (const name of ['client', 'connection', 'results']) this.set(`character_set_${name}`, wanted, false);
    this.set('collation_connection', found.name, false);
  }

  /** A user's own variable; null: it has no value. */
  user(name: string): string | null {
    return this.#users.get(name) ?? null;
  }

  setUser(name: string, value: string | null): void {
    this.#users.set(name, value);
  }

  /** As after connecting. */
  reset(): void {
    this.#own.clear();
    this.#users.clear();
  }
}

/** What `SELECT @@name` shows: truth as a number. */
export function shownValue(name: string, value: string): string {
  if (WORDS.has(name) || (value !== 'ON' && value !== 'OFF')) return value;
  return value === 'ON' ? '1' : '0';
}

function synonymsOf(name: string): readonly string[] {
  return [...SYNONYMS].flatMap(([a, b]) => (a === name ? [b] : b === name ? [a] : []));
}

function isTrue(value: string): boolean {
  return value === 'ON' || value === '1';
}

function unknown(name: string): SqlError {
  return new SqlError(1193, 'HY000', `Unknown system variable '${name}'`);
}

function checked(name: string, value: string | null, known: string): string {
  const wrong = new SqlError(
    1231,
    '42000',
    `Variable '${name}' can't be set to the value of '${value ?? 'NULL'}'`,
  );
  if (value === null) {
    if (name.startsWith('character_set_')) return '';
    throw wrong;
  }
  if ((known === 'ON' || known === 'OFF') && !WORDS.has(name)) {
    const word = value.toUpperCase();
    if (!['ON', 'OFF', '1', '0', 'TRUE', 'FALSE'].includes(word)) throw wrong;
    return ['ON', '1', 'TRUE'].includes(word) ? 'ON' : 'OFF';
  }
  if (name === 'time_zone') return checkedZone(value);
  if (name.startsWith('collation_') && !COLLATIONS.some((one) => one.name === value.toLowerCase()))
    throw new SqlError(1273, 'HY000', `Unknown collation: '${value}'`);
  return name === 'sql_mode' ? value.toUpperCase() : value;
}

/** Zones with one offset for ever are all that the planner can compute with. */
function checkedZone(value: string): string {
  if (/^(?:SYSTEM|UTC|[+-]\d{1,2}:\d{2})$/i.test(value)) return value;
  throw new SqlError(1298, 'HY000', `Unknown or incorrect time zone: '${value}'`);
}

/** Minutes east of UTC. */
export function zoneMinutes(zone: string): number {
  const [, sign, hours, minutes] = /^([+-])(\d{1,2}):(\d{2})$/.exec(zone) ?? [];
  const total = Number(hours ?? 0) * 60 + Number(minutes ?? 0);
  return sign === '-' ? -total : total;
}
