/**
 * The registry in memory: views and builds as last committed. The owner changes it through epochs only; everybody else
 * reads it again and again.
 */
import { type BuildRecord, buildOfRecord, buildToRecord } from '../commit/build-record.js';
import type { RegistryChange } from '../commit/epoch-committer.js';
import type { RegistryTables } from '../commit/registry-tables.js';
import type { SystemRecord, SystemTable } from '../commit/system-table.js';
import type { Snapshot } from '../tikv/snapshot.js';
import { type ViewRecord, nameKey, viewOfRecord, viewToRecord } from './view-record.js';

/** All views and builds at a moment. */
export class Registry {
  readonly #views: Map<bigint, ViewRecord>;
  readonly #builds: Map<bigint, BuildRecord>;
  #version = 0;

  constructor(views: readonly ViewRecord[] = [], builds: readonly BuildRecord[] = []) {
    this.#views = new Map(views.map((view) => [view.id, view]));
    this.#builds = new Map(builds.map((build) => [build.viewId, build]));
  }

  /** Reads the registry at a snapshot. */
  static async load(tables: RegistryTables, snapshot: Snapshot, signal: AbortSignal): Promise<Registry> {
    const [views, builds] = await Promise.all([
      readAll(tables.views, snapshot, signal),
      readAll(tables.builds, snapshot, signal),
    ]);
    return new Registry(views.map(viewOfRecord), builds.map(buildOfRecord));
  }

  /** Grows with every change. */
  get version(): number {
    return this.#version;
  }

  get views(): readonly ViewRecord[] {
    return [...this.#views.values()];
  }

  view(id: bigint): ViewRecord | undefined {
    return this.#views.get(id);
  }

  build(viewId: bigint): BuildRecord | undefined {
    return this.#builds.get(viewId);
  }

  /** The view that a name means to users: not one that is only being built in another's place. */
  named(schema: string, name: string): ViewRecord | undefined {
    const key = nameKey(schema, name);
    const found = this.views.filter((view) => nameKey(view.schema, view.name) === key);
    return found.find((view) => view.replaces === undefined) ?? found[0];
  }

  /** Another registry, as it will be with these changes. */
  with(changes: readonly RegistryEdit[]): Registry {
    const after = new Registry([...this.#views.values()], [...this.#builds.values()]);
    after.apply(changes);
    return after;
  }

  /** Takes over what was committed. */
  apply(changes: readonly RegistryEdit[]): void {
    for (const edit of changes) {
      switch (edit.kind) {
        case 'putView':
          this.#views.set(edit.view.id, edit.view);
          break;
        case 'deleteView':
          this.#views.delete(edit.id);
          break;
        case 'putBuild':
          this.#builds.set(edit.build.viewId, edit.build);
          break;
        case 'deleteBuild':
          this.#builds.delete(edit.viewId);
          break;
      }
    }
    if (changes.length > 0) this.#version++;
  }
}

/** A change of the registry. */
export type RegistryEdit =
  | { readonly kind: 'putView'; readonly view: ViewRecord }
  | { readonly kind: 'deleteView'; readonly id: bigint }
  | { readonly kind: 'putBuild'; readonly build: BuildRecord }
  | { readonly kind: 'deleteBuild'; readonly viewId: bigint };

/** What several changes, one after the other, come to: a transaction writes each row once. */
export function lastOfEach(edits: readonly RegistryEdit[]): RegistryEdit[] {
  const last = new Map<string, RegistryEdit>();
  for (const edit of edits) last.set(rowOf(edit), edit);
  return [...last.values()];
}

function rowOf(edit: RegistryEdit): string {
  switch (edit.kind) {
    case 'putView':
      return `view ${edit.view.id}`;
    case 'deleteView':
      return `view ${edit.id}`;
    case 'putBuild':
      return `build ${edit.build.viewId}`;
    case 'deleteBuild':
      return `build ${edit.viewId}`;
  }
}

/** As an epoch writes it. */
export function registryChange(edit: RegistryEdit): RegistryChange {
  switch (edit.kind) {
    case 'putView':
      return { table: 'views', kind: 'put', record: viewToRecord(edit.view) };
    case 'deleteView':
      return { table: 'views', kind: 'delete', record: { id: edit.id } };
    case 'putBuild':
      return { table: 'builds', kind: 'put', record: buildToRecord(edit.build) };
    case 'deleteBuild':
      return { table: 'builds', kind: 'delete', record: { id: edit.viewId } };
  }
}

async function readAll(
  table: SystemTable,
  snapshot: Snapshot,
  signal: AbortSignal,
): Promise<readonly SystemRecord[]> {
  const records: SystemRecord[] = [];
  const { start, end } = table.range;
  for await (const page of snapshot.scan(start, end, {}, signal)) {
    for (const { key, value } of page) records.push(table.decode(key, value));
  }
  return records;
}
