/**
 * A set of things that come and go fast. A JavaScript Set takes a larger or cleaner table now and then; the table it leaves
 * is garbage that still has what was in it, and knows its successor. Once one such table has grown old, all after it and
 * all that was in them outlive V8's quick collections until the next full one. Sessions in Sets and Maps made a login
 * cost a fourth more CPU (test/bench/README.md).
 */
import { assert } from './assert.js';

/** What can be in one roster at a time. */
export interface Rostered {
  /** The roster's own; to begin with, and in none: −1. */
  rosterPlace: number;
}

/** A set. */
export class Roster<T extends Rostered> implements Iterable<T> {
  readonly #members: T[] = [];

  get size(): number {
    return this.#members.length;
  }

  has(member: T): boolean {
    return this.#members[member.rosterPlace] === member;
  }

  /** @param member - that is in no roster. */
  add(member: T): void {
    assert(member.rosterPlace < 0, 'one roster at a time');
    member.rosterPlace = this.#members.length;
    this.#members.push(member);
  }

  /** @returns whether it was in. */
  delete(member: T): boolean {
    if (!this.has(member)) return false;
    const last = this.#members.pop();
    if (last !== undefined && last !== member) {
      this.#members[member.rosterPlace] = last;
      last.rosterPlace = member.rosterPlace;
    }
    member.rosterPlace = -1;
    return true;
  }

  /** Those that are in it now, whoever comes or goes meanwhile. In no order. */
  [Symbol.iterator](): Iterator<T> {
    return this.#members.slice().values();
  }
}
