/**
 * How far an online schema change of a table, column or index has come: at any time servers may work with two
 * adjacent states, and the states are ordered so that this does no harm.
 *
 * @see pingcap/tidb pkg/meta/model/job.go (SchemaState); Rae et al., "Online, Asynchronous Schema Change in F1", 2013
 */
import type { JsonObject } from './json-object.js';
import { SchemaError } from './schema-error.js';

const STATES = [
  'none',
  'deleteOnly',
  'writeOnly',
  'writeReorganization',
  'deleteReorganization',
  'public',
  'replicaOnly',
  'globalTransactionOnly',
] as const;

/** State of a schema element. */
export type SchemaState = (typeof STATES)[number];

/** Reads the field `state`. @throws SchemaError — when TiDB has a state that is not known here. */
export function schemaStateOf(json: JsonObject): SchemaState {
  const number = json.integer('state');
  const state = STATES[number];
  if (state === undefined) throw new SchemaError(`${json.what} is in the unknown state ${number}`);
  return state;
}

/** Whether rows written now must hold the column or have an entry in the index. */
export function isWritable(state: SchemaState): boolean {
  return state === 'public' || state === 'writeOnly' || state === 'writeReorganization';
}
