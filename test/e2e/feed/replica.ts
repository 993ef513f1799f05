/** A copy of a table made of nothing but feed events, and the checks on those events. */
import type { FeedEvent } from '../../../src/tikv/feed/feed-event.js';
import { rowsOf } from '../../unit/tikv/feed/batch-rows.js';

interface Version {
  readonly value: string | undefined;
  readonly old: string | undefined;
}

/** What the feed of one span has said. */
export class Replica {
  /** Key → commit ts → version. */
  readonly #versions = new Map<string, Map<bigint, Version>>();
  readonly wrong: string[] = [];
  resolved: bigint;
  rows = 0;
  resolvedEvents = 0;

  constructor(checkpoint: bigint) {
    this.resolved = checkpoint;
  }

  take(event: FeedEvent): void {
    if (event.kind === 'gap') this.wrong.push(`gap from ${event.from}: ${event.cause.message}`);
    if (event.kind === 'resolved') {
      this.resolvedEvents++;
      if (event.ts <= this.resolved) this.wrong.push(`resolved ${event.ts} after ${this.resolved}`);
      this.resolved = event.ts;
    }
    if (event.kind !== 'rows') return;
    for (const { key, commitTs, value, old } of rowsOf(event.batch)) {
      this.rows++;
      if (commitTs <= this.resolved)
        this.wrong.push(`${key}@${commitTs} after ${this.resolved} was resolved`);
      let versions = this.#versions.get(key);
      if (versions === undefined) this.#versions.set(key, (versions = new Map<bigint, Version>()));
      versions.set(commitTs, { value, old });
    }
  }

  /** What is known of a key. */
  story(key: string): string {
    return [...(this.#versions.get(key) ?? [])]
      .slice(-4)
      .map(([commitTs, { value }]) => `@${commitTs} ${value?.slice(0, 60)}`)
      .join();
  }

  /** Versions that somebody knows of and the feed has not told, or told otherwise: `key@commitTs`. */
  differences(known: ReadonlyMap<string, ReadonlyMap<bigint, string | undefined>>): string[] {
    const told = [...this.#versions].flatMap(([key, versions]) =>
      [...versions].map(([commitTs, { value }]) => `${key}@${commitTs} ${value}`),
    );
    const wanted = [...known].flatMap(([key, versions]) =>
      [...versions].map(([commitTs, value]) => `${key}@${commitTs} ${value}`),
    );
    const both = new Set(told.filter((version) => wanted.includes(version)));
    return [...told, ...wanted].filter((version) => !both.has(version));
  }

  /** The table at a timestamp that is resolved; and every old value against the version before. */
  at(ts: bigint): Map<string, string> {
    const rows = new Map<string, string>();
    for (const [key, versions] of this.#versions) {
      const commits = [...versions.keys()]
        .filter((commitTs) => commitTs <= ts)
        .sort((a, b) => (a < b ? -1 : 1));
      let before: Version | undefined;
      for (const commitTs of commits) {
        const version = versions.get(commitTs)!;
        if (before !== undefined && version.old !== before.value)
          this.wrong.push(`old value of ${key}@${commitTs}`);
        before = version;
      }
      if (before?.value !== undefined) rows.set(key, before.value);
    }
    return rows;
  }
}
