/** What has to happen by when, without a timer for each connection: whoever owns them looks now and then. */
import { Roster, type Rostered } from '../base/roster.js';
import type { Runtime } from '../base/runtime.js';

/** Somebody who has something to do in time. */
export interface Expiring {
  /** The deadline has passed; told at each look, until it is another or none. */
  expire(): void;
}

type Clock = Pick<Runtime, 'monotonicMs'>;

/** When one has to have done it, if he has to. */
export class Deadline implements Rostered {
  rosterPlace = -1;
  readonly #holder: Expiring;
  readonly #clock: Clock;
  readonly #set: Roster<Deadline>;
  #atMs = 0;

  /** Use {@link Deadlines.of}. @param set - those that are set. */
  constructor(holder: Expiring, clock: Clock, set: Roster<Deadline>) {
    this.#holder = holder;
    this.#clock = clock;
    this.#set = set;
  }

  /** Sets it, so many milliseconds from now. */
  set(ms: number): void {
    this.#atMs = this.#clock.monotonicMs() + ms;
    if (this.rosterPlace < 0) this.#set.add(this);
  }

  /** There is none any more. */
  clear(): void {
    this.#set.delete(this);
  }

  /** Looks whether it has passed. */
  look(nowMs: number): void {
    if (this.rosterPlace >= 0 && nowMs >= this.#atMs) this.#holder.expire();
  }
}

/** All deadlines. */
export class Deadlines {
  readonly #clock: Clock;
  readonly #set = new Roster<Deadline>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** One of the holder's, which is not set yet. */
  of(holder: Expiring): Deadline {
    return new Deadline(holder, this.#clock, this.#set);
  }

  /** Looks which have passed. */
  look(): void {
    const nowMs = this.#clock.monotonicMs();
    for (const deadline of this.#set) deadline.look(nowMs);
  }
}
