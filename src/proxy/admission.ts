/**
 * Who is let in: connections at once, in all, of an address and of a user, and new connections a second. Counting
 * only: whoever is refused is told so by the session or the listener, in TiDB's words where it has any.
 *
 * Users are counted when TiDB has let them in, not when they say who they are: else anybody could lock a user out by
 * connections that use his name. The tables are bounded: an entry exists as long as a connection of its key does; of
 * the rates of addresses those are forgotten that have recovered, and when all of many are exhausted, the oldest.
 */
import type { SqlError } from '../base/errors.js';
import { limits } from '../base/limits.js';
import type { AdmissionLimits } from './client-limits.js';
import { clientOrigin } from './client-origin.js';
import { connectsTooFast, tooManyConnections, tooManyOfAddress, tooManyOfUser } from './proxy-errors.js';
import { TokenBucket } from './token-bucket.js';

/** Rates of addresses that are looked at for one that can be forgotten. */
const LOOKS_MAX = 16;

/** Counts clients, and refuses those that are too many. */
export class Admission {
  readonly #limits: AdmissionLimits;
  readonly #bucket: TokenBucket | undefined;
  readonly #buckets = new Map<string, TokenBucket>();
  readonly #byAddress = new Map<string, number>();
  readonly #byUser = new Map<string, number>();
  #connections = 0;

  /** @param nowMs - Runtime.monotonicMs, as in all methods. */
  constructor(admissionLimits: AdmissionLimits, nowMs: number) {
    this.#limits = admissionLimits;
    const { connectsPerSecond } = admissionLimits;
    this.#bucket = connectsPerSecond === 0 ? undefined : new TokenBucket(connectsPerSecond, nowMs);
  }

  /** Whether it matters where clients come from. */
  get #countsAddresses(): boolean {
    return this.#limits.connectionsPerAddress > 0 || this.#limits.connectsPerSecondPerAddress > 0;
  }

  /** Connections that are let in now. */
  get connections(): number {
    return this.#connections;
  }

  /** Keys of the tables, all together. */
  get tracked(): number {
    return this.#buckets.size + this.#byAddress.size + this.#byUser.size;
  }

  /**
   * A client has connected.
   *
   * @param address - as Node prints it; undefined: the client has gone already.
   * @returns why it is refused; undefined: it is let in, and {@link leave} must be called when it has gone.
   */
  enter(address: string | undefined, nowMs: number): SqlError | undefined {
    const { connections, connectionsPerAddress } = this.#limits;
    // First what costs nothing: a refused client takes no token of the others'.
    if (connections > 0 && this.#connections >= connections) return tooManyConnections();
    if (!this.#countsAddresses) {
      if (this.#bucket?.take(nowMs) === false) return connectsTooFast();
      this.#connections++;
      return undefined;
    }
    const origin = clientOrigin(address);
    const ofAddress = this.#byAddress.get(origin) ?? 0;
    if (connectionsPerAddress > 0 && ofAddress >= connectionsPerAddress) return tooManyOfAddress(origin);
    if (!this.#takeOfAddress(origin, nowMs)) return connectsTooFast(origin);
    if (this.#bucket?.take(nowMs) === false) return connectsTooFast();
    this.#connections++;
    if (connectionsPerAddress > 0) this.#byAddress.set(origin, ofAddress + 1);
    return undefined;
  }

  /** A client that was let in has gone. @param address - the one it entered with. */
  leave(address: string | undefined): void {
    this.#connections--;
    if (this.#limits.connectionsPerAddress > 0) countDown(this.#byAddress, clientOrigin(address));
  }

  /**
   * TiDB has let a user in.
   *
   * @returns why he is refused all the same; undefined: he is counted until {@link leaveUser}.
   */
  enterUser(user: string): SqlError | undefined {
    const { connectionsPerUser } = this.#limits;
    if (connectionsPerUser === 0) return undefined;
    const count = this.#byUser.get(user) ?? 0;
    if (count >= connectionsPerUser) return tooManyOfUser(user);
    this.#byUser.set(user, count + 1);
    return undefined;
  }

  /** A connection that was counted for a user has gone, or is another user's now. */
  leaveUser(user: string): void {
    if (this.#limits.connectionsPerUser > 0) countDown(this.#byUser, user);
  }

  #takeOfAddress(origin: string, nowMs: number): boolean {
    const { connectsPerSecondPerAddress } = this.#limits;
    if (connectsPerSecondPerAddress === 0) return true;
    let bucket = this.#buckets.get(origin);
    if (bucket === undefined) {
      this.#makeRoom(nowMs);
      bucket = new TokenBucket(connectsPerSecondPerAddress, nowMs);
      this.#buckets.set(origin, bucket);
    }
    return bucket.take(nowMs);
  }

  /** Looks at a few of the oldest only: whoever comes from everywhere must not make each look at all dear. */
  #makeRoom(nowMs: number): void {
    if (this.#buckets.size < limits.clientAddresses) return;
    let looks = LOOKS_MAX;
    for (const [origin, bucket] of this.#buckets) {
      if (bucket.isFull(nowMs)) this.#buckets.delete(origin);
      if (--looks === 0) break;
    }
    const [oldest] = this.#buckets.keys();
    if (this.#buckets.size >= limits.clientAddresses && oldest !== undefined) this.#buckets.delete(oldest);
  }
}

function countDown(counts: Map<string, number>, key: string): void {
  const left = (counts.get(key) ?? 0) - 1;
  if (left > 0) counts.set(key, left);
  else counts.delete(key);
}
