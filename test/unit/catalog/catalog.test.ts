import { expect } from 'chai';
import { type KeyString, keyBytes, keyString, utf8 } from '../../../src/base/bytes.js';
import { limits } from '../../../src/base/limits.js';
import { Catalog } from '../../../src/catalog/catalog.js';
import type { KeyValue, MetaReader } from '../../../src/catalog/meta-reader.js';
import { SchemaError } from '../../../src/catalog/schema-error.js';
import { databaseMetaKey, tableMetaKey } from '../../../src/codec/meta-keys.js';
import { type Ts, ts } from '../../../src/codec/tso.js';
import { asPrimaryKey, fieldType } from '../codec/support/field-types.js';
import { ciName, columnJson, tableJson } from './support/table-json.js';

/** Meta data in memory, with versions. */
class MemoryMeta implements MetaReader {
  readonly #versions = new Map<KeyString, { ts: Ts; value: Uint8Array | undefined }[]>();
  gets = 0;

  put(key: Uint8Array, at: bigint, json: unknown): void {
    const versions = this.#versions.get(keyString(key)) ?? [];
    const value = json === undefined ? undefined : utf8(JSON.stringify(json));
    this.#versions.set(keyString(key), [{ ts: ts(at), value }, ...versions]);
  }

  get(key: Uint8Array, at: Ts, signal: AbortSignal): Promise<Uint8Array | undefined> {
    this.gets++;
    if (signal.aborted) return Promise.reject(signal.reason as Error);
    return Promise.resolve(this.#at(keyString(key), at));
  }

  async *scan(start: Uint8Array, end: Uint8Array, at: Ts, signal: AbortSignal): AsyncIterable<KeyValue> {
    for (const key of [...this.#versions.keys()].sort()) {
      await Promise.resolve();
      signal.throwIfAborted();
      const isWithin = key >= keyString(start) && key < keyString(end);
      const value = this.#at(key, at);
      if (isWithin && value !== undefined) yield { key: keyBytes(key), value };
    }
  }

  #at(key: KeyString, at: Ts): Uint8Array | undefined {
    return this.#versions.get(key)?.find((version) => version.ts <= at)?.value;
  }
}

const COLUMNS = [columnJson(0, 'id', asPrimaryKey(fieldType('int')))];

function table(id: number, name: string, more: Readonly<Record<string, unknown>> = {}): unknown {
  return tableJson(COLUMNS, { id, name: ciName(name), pk_is_handle: true, ...more });
}

function meta(): MemoryMeta {
  const memory = new MemoryMeta();
  memory.put(databaseMetaKey(1), 1n, { id: 1, db_name: ciName('mysql'), state: 5 });
  memory.put(databaseMetaKey(2), 1n, { id: 2, db_name: ciName('Shop'), state: 5 });
  memory.put(tableMetaKey(1, 10), 1n, table(10, 'user'));
  memory.put(tableMetaKey(2, 20), 1n, table(20, 'Orders'));
  memory.put(tableMetaKey(2, 21), 1n, table(21, 'or"ders'));
  return memory;
}

const { signal } = new AbortController();
const NOW = ts(100n);

describe('catalog', () => {
  it('finds tables by name in any case', async () => {
    const catalog = new Catalog(meta(), true);
    const found = await catalog.findTable('sHOP', 'oRDERS', NOW, signal);
    expect(found?.info.name.original).to.equal('Orders');
    expect(found?.databaseId).to.equal(2);
    expect((await catalog.findTable('shop', 'OR"DERS', NOW, signal))?.id).to.equal(21);
    expect(await catalog.findTable('shop', 'none', NOW, signal)).to.equal(undefined);
    expect(await catalog.findTable('none', 'orders', NOW, signal)).to.equal(undefined);
  });

  it('finds tables by id, and remembers where', async () => {
    const memory = meta();
    const catalog = new Catalog(memory, true);
    expect((await catalog.tableAt(20, NOW, signal))?.info.name.lower).to.equal('orders');
    memory.gets = 0;
    expect((await catalog.tableAt(20, NOW, signal))?.databaseId).to.equal(2);
    expect(memory.gets).to.equal(1);
    expect(await catalog.tableAt(99, NOW, signal)).to.equal(undefined);
  });

  it('reads the schema as of a timestamp', async () => {
    const memory = meta();
    memory.put(tableMetaKey(2, 20), 50n, table(20, 'renamed'));
    memory.put(tableMetaKey(2, 20), 70n, undefined);
    memory.put(tableMetaKey(1, 20), 70n, table(20, 'moved'));
    const catalog = new Catalog(memory, true);
    const nameAt = async (at: bigint): Promise<string | undefined> =>
      (await catalog.tableAt(20, ts(at), signal))?.info.name.lower;
    expect(await nameAt(0n)).to.equal(undefined);
    expect(await nameAt(49n)).to.equal('orders');
    expect(await nameAt(50n)).to.equal('renamed');
    expect(await nameAt(70n)).to.equal('moved');
    expect(await nameAt(60n)).to.equal('renamed');
  });

  it('gives the same version for the same bytes', async () => {
    const memory = meta();
    memory.put(tableMetaKey(2, 20), 50n, table(20, 'Orders', { comment: 'x' }));
    const catalog = new Catalog(memory, true);
    const first = await catalog.tableAt(20, ts(10n), signal);
    expect(await catalog.tableAt(20, ts(20n), signal)).to.equal(first);
    expect(await catalog.findTable('shop', 'orders', ts(30n), signal)).to.equal(first);
    expect(await catalog.tableAt(20, NOW, signal)).not.to.equal(first);
  });

  it('keeps only so many versions', async () => {
    const memory = meta();
    const versions = limits.tableVersionsCached + 2;
    for (let i = 0; i < versions; i++) memory.put(tableMetaKey(2, 20), BigInt(10 + i), table(20, `t${i}`));
    const catalog = new Catalog(memory, true);
    const first = await catalog.tableAt(20, ts(10n), signal);
    const second = await catalog.tableAt(20, ts(11n), signal);
    for (let i = 2; i < versions; i++) {
      await catalog.tableAt(20, ts(BigInt(10 + i)), signal);
      // Used again and again, the second one stays.
      if (i % 500 === 0) await catalog.tableAt(20, ts(11n), signal);
    }
    expect(await catalog.tableAt(20, ts(11n), signal)).to.equal(second);
    expect(await catalog.tableAt(20, ts(10n), signal)).not.to.equal(first);
  });

  it('lists databases and tables', async () => {
    const catalog = new Catalog(meta(), true);
    const databases: string[] = [];
    for await (const { name } of catalog.databases(NOW, signal)) databases.push(name.original);
    expect(databases).to.deep.equal(['mysql', 'Shop']);
    const tables: string[] = [];
    for await (const { info } of catalog.tables(2, NOW, signal)) tables.push(info.name.original);
    expect(tables).to.deep.equal(['Orders', 'or"ders']);
    expect((await catalog.databaseAt(2, NOW, signal))?.name.original).to.equal('Shop');
    expect(await catalog.databaseAt(3, NOW, signal)).to.equal(undefined);
  });

  it('says which TableInfo it cannot understand', async () => {
    const memory = meta();
    memory.put(tableMetaKey(2, 20), 50n, { id: 20, name: ciName('orders') });
    const catalog = new Catalog(memory, true);
    const failure = await catalog.tableAt(20, NOW, signal).catch((error: unknown) => error);
    expect(failure).to.be.instanceOf(SchemaError);
  });

  it('ends when it is aborted', async () => {
    const controller = new AbortController();
    const reason = new Error('enough');
    controller.abort(reason);
    const failure = await new Catalog(meta(), true)
      .findTable('shop', 'orders', NOW, controller.signal)
      .catch((error: unknown) => error);
    expect(failure).to.equal(reason);
  });
});
