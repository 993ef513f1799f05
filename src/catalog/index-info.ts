/**
 * A table's index as TiDB stores it.
 *
 * @see pingcap/tidb pkg/meta/model/index.go
 */
import { type CiName, ciNameOf } from './column-info.js';
import type { JsonObject } from './json-object.js';
import { SchemaError } from './schema-error.js';
import { type SchemaState, schemaStateOf } from './schema-state.js';

/** A column of an index. */
interface IndexColumn {
  readonly name: CiName;
  /** Into the table's columns. */
  readonly offset: number;
  /** Characters, or bytes of a binary string; −1: the whole value. */
  readonly prefixLength: number;
  /** Whether it has values of the type that the column is being changed to. */
  readonly usesChangingType: boolean;
}

/** How concurrent writes reach an index that is being built: directly, or through a temporary index. */
const BACKFILLS = ['none', 'running', 'readyToMerge', 'merging'] as const;

/** State of an index's backfill. */
type Backfill = (typeof BACKFILLS)[number];

/** An index. Frozen. */
export interface IndexInfo {
  readonly id: number;
  readonly name: CiName;
  readonly columns: readonly IndexColumn[];
  readonly state: SchemaState;
  readonly backfill: Backfill;
  readonly isUnique: boolean;
  readonly isPrimary: boolean;
  readonly isInvisible: boolean;
  /** Whether it spans the partitions of its table. */
  readonly isGlobal: boolean;
  /** Form of a global index's keys; above 0 they hold the partition's id. */
  readonly globalVersion: number;
  /** Whether it has an entry for each element of a JSON array. */
  readonly isMultiValued: boolean;
  /** Vector, inverted, full-text and hybrid indexes live in TiFlash: there are no entries in TiKV. */
  readonly isColumnar: boolean;
  /** The WHERE of a partial index. */
  readonly condition: string | undefined;
}

const COLUMNAR_FIELDS = ['vector_index', 'inverted_index', 'full_text_index', 'hybrid_index'] as const;

/** Reads an index. @throws SchemaError — when something needed is missing. */
export function indexInfoOf(json: JsonObject): IndexInfo {
  return Object.freeze({
    id: json.integer('id'),
    name: ciNameOf(json.object('idx_name')),
    columns: Object.freeze(json.objects('idx_cols').map(indexColumnOf)),
    state: schemaStateOf(json),
    backfill: backfillOf(json),
    isUnique: json.flag('is_unique'),
    isPrimary: json.flag('is_primary'),
    isInvisible: json.flag('is_invisible'),
    isGlobal: json.flag('is_global'),
    globalVersion: json.optionalInteger('global_index_version') ?? 0,
    isMultiValued: json.flag('mv_index'),
    isColumnar: COLUMNAR_FIELDS.some((field) => json.has(field)),
    condition: conditionOf(json),
  });
}

function indexColumnOf(json: JsonObject): IndexColumn {
  return Object.freeze({
    name: ciNameOf(json.object('name')),
    offset: json.integer('offset'),
    prefixLength: json.integer('length'),
    usesChangingType: json.flag('using_changing_type'),
  });
}

function backfillOf(json: JsonObject): Backfill {
  const number = json.optionalInteger('backfill_state') ?? 0;
  const backfill = BACKFILLS[number];
  if (backfill === undefined)
    throw new SchemaError(`${json.what} is in the unknown backfill state ${number}`);
  return backfill;
}

/** The field had another name in the first versions that knew partial indexes. */
function conditionOf(json: JsonObject): string | undefined {
  const text =
    json.optionalText('condition_expr_string') ?? json.optionalText('partial_condition_expr_string') ?? '';
  return text === '' ? undefined : text;
}
