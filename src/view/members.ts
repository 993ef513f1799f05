/**
 * The instances of TiView on this cluster. Each keeps a row of its own alive by counting its heartbeat up; whoever
 * watches an owner takes him for dead when neither that count nor the frontier record has moved for a while, by the
 * watcher's own clock. A wrong guess does no harm: the term fences the one who was only slow.
 */
import { withAbort } from '../base/abort.js';
import { type Runtime, StoppedError } from '../base/runtime.js';
import type { CommitParts } from '../commit/fenced-transaction.js';
import { writeOne } from '../commit/single-write.js';
import type { SystemTable } from '../commit/system-table.js';
import { numberIn, textIn } from '../commit/system-table.js';
import type { Snapshot } from '../tikv/snapshot.js';
import { repeat } from './repeat.js';

/** An instance. */
export interface Member {
  /** Made up anew at every start. */
  readonly id: string;
  /** Where clients connect. */
  readonly address: string;
  readonly statusAddress: string;
  /** Name of its machine. */
  readonly host: string;
  readonly version: string;
}

/** Between two heartbeats. */
export const MEMBER_BEAT_MS = 500;
/** Between two attempts to say good-bye. */
const GOODBYE_RETRY_MS = 100;

/** Keeps this instance's row alive. */
export class MemberRow {
  readonly #parts: CommitParts;
  readonly #table: SystemTable;
  readonly #member: Member;
  #heartbeat = 0n;
  /** The last beat, and its life: it is not cut off with the task, for it may have locked the row. */
  #beating: Promise<void> = Promise.resolve();
  readonly #life = new AbortController();

  constructor(parts: CommitParts, table: SystemTable, member: Member) {
    this.#parts = parts;
    this.#table = table;
    this.#member = member;
  }

  /** Beats until aborted; {@link remove} waits for the beat that is under way then. @throws the signal's reason. */
  run(signal: AbortSignal): Promise<never> {
    const look = {
      pauseMs: MEMBER_BEAT_MS,
      complaint: 'this instance could not show that it lives',
      work: (inner: AbortSignal) => {
        this.#beating = this.#beat(this.#life.signal);
        return withAbort(this.#beating, inner);
      },
    };
    return repeat(this.#parts, look, signal);
  }

  /** Says good-bye, so that nobody has to wait to be sure. */
  async remove(signal: AbortSignal): Promise<void> {
    try {
      await withAbort(
        this.#beating.catch(() => undefined),
        signal,
      );
      const mutation = { kind: 'delete' as const, key: this.#table.keyOf({ id: this.#member.id }) };
      while (!(await writeOne(this.#parts, mutation, signal))) {
        await this.#parts.runtime.sleep(GOODBYE_RETRY_MS, signal);
      }
    } finally {
      this.#life.abort(new StoppedError('this instance has ended'));
    }
  }

  async #beat(signal: AbortSignal): Promise<void> {
    const { id, address, statusAddress, host, version } = this.#member;
    const record = {
      id,
      address,
      status_address: statusAddress,
      host,
      version,
      heartbeat: ++this.#heartbeat,
    };
    // A beat that is lost is no harm: the next one comes.
    await writeOne(this.#parts, { kind: 'put', ...this.#table.encode(record) }, signal);
  }
}

/** Reads one member's row; undefined: it has said good-bye, or never was. */
export async function readMember(
  table: SystemTable,
  id: string,
  snapshot: Snapshot,
  signal: AbortSignal,
): Promise<(Member & { readonly heartbeat: bigint }) | undefined> {
  const key = table.keyOf({ id });
  const value = await snapshot.get(key, signal);
  if (value === undefined) return undefined;
  const record = table.decode(key, value);
  return {
    id,
    address: textIn(record, 'address'),
    statusAddress: textIn(record, 'status_address'),
    host: textIn(record, 'host'),
    version: textIn(record, 'version'),
    heartbeat: numberIn(record, 'heartbeat'),
  };
}

/** How long a sign of life stays fresh. */
export class Liveness {
  readonly #runtime: Runtime;
  readonly #patienceMs: number;
  #sign: string | undefined;
  #sinceMs = 0;

  constructor(runtime: Runtime, patienceMs: number) {
    this.#runtime = runtime;
    this.#patienceMs = patienceMs;
  }

  /** Takes note of a sign of life. @returns whether it has not changed for longer than patience lasts. */
  isStale(sign: string): boolean {
    const nowMs = this.#runtime.monotonicMs();
    if (sign !== this.#sign) {
      this.#sign = sign;
      this.#sinceMs = nowMs;
      return false;
    }
    return nowMs - this.#sinceMs > this.#patienceMs;
  }
}
