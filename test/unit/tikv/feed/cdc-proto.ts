/** TiKV's feed messages through protobufjs: the oracle of the hand decoder, and how tests make messages. */
import { fileURLToPath } from 'node:url';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import protobuf from 'protobufjs';

/** A row as protobufjs takes it; 64-bit numbers as decimal strings or bigints. */
export interface RowInit {
  readonly type: 'PREWRITE' | 'COMMIT' | 'ROLLBACK' | 'COMMITTED' | 'INITIALIZED' | 'UNKNOWN';
  readonly op_type?: 'PUT' | 'DELETE' | 'UNKNOWN';
  readonly start_ts?: bigint | string;
  readonly commit_ts?: bigint | string;
  readonly key?: Uint8Array;
  readonly value?: Uint8Array;
  readonly old_value?: Uint8Array;
  readonly txn_source?: bigint | string;
  readonly generation?: bigint | string;
  readonly expire_ts_unix_secs?: bigint | string;
}

/** The folder that holds `proto/`, from the sources as from `dist/`. */
function projectRoot(): string {
  let folder = fileURLToPath(new URL('.', import.meta.url));
  while (!existsSync(join(folder, 'proto', 'cdcpb.proto'))) folder = join(folder, '..');
  return folder;
}

/** The project's folder. */
export const ROOT = projectRoot();

const root = new protobuf.Root();
root.loadSync(join(ROOT, 'proto', 'cdcpb.proto'), { keepCase: true });

const types = new Map<string, protobuf.Type>();

/** A message type of package cdcpb. */
export function cdcType(name: string): protobuf.Type {
  let type = types.get(name);
  if (type === undefined) types.set(name, (type = root.lookupType(`cdcpb.${name}`)));
  return type;
}

/** Bytes of a message given in protobufjs' object form (bigints, strings, names of enums). */
export function encodeCdc(name: string, message: object): Uint8Array {
  const type = cdcType(name);
  return new Uint8Array(type.encode(type.fromObject(withoutBigints(message) as object)).finish());
}

/** A message as plain objects: 64-bit numbers as decimal strings, enums as names, defaults filled in. */
export function decodeCdc(name: string, bytes: Uint8Array): Record<string, unknown> {
  const type = cdcType(name);
  return type.toObject(type.decode(bytes), {
    longs: String,
    enums: String,
    defaults: true,
    arrays: true,
    oneofs: true,
  });
}

/** Bytes of a ChangeDataEvent with one event of rows. */
export function rowsMessage(requestId: number, regionId: number, rows: readonly RowInit[]): Uint8Array {
  return encodeCdc('ChangeDataEvent', {
    events: [{ region_id: regionId, request_id: requestId, entries: { entries: rows } }],
  });
}

// protobufjs turns a bigint into 0 without a word, so none may reach it.
function withoutBigints(value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString();
  if (value instanceof Uint8Array || typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(withoutBigints);
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, withoutBigints(inner)]));
}
