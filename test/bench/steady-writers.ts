/**
 * Load for benchmarks: connections that replace rows of `load_t (id bigint primary key, a int, b varchar(20))` at a
 * steady rate, one after the other, 20 rows a statement.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { SqlClient } from '../support/sql-client.js';

const WRITERS = 4;
const ROWS_A_STATEMENT = 20;

/** What to write. */
export interface SteadyLoad {
  /** TiDB's. */
  readonly port: number;
  readonly database: string;
  /** Row changes a second. */
  readonly rate: number;
  /** Rows there are: each is changed again when all others have been. A multiple of 80. */
  readonly rows: number;
}

/** Writes until disposed of. */
export class SteadyWriters implements AsyncDisposable {
  readonly #load: SteadyLoad;
  readonly #done: Promise<unknown>;
  #isOver = false;
  #changed = 0;

  constructor(load: SteadyLoad) {
    this.#load = load;
    this.#done = Promise.all(Array.from({ length: WRITERS }, (_, number) => this.#write(number)));
  }

  /** Row changes committed so far. */
  get changed(): number {
    return this.#changed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true;
    await this.#done;
  }

  async #write(number: number): Promise<void> {
    const { rate, rows, port, database } = this.#load;
    await using client = await SqlClient.open({ port, database });
    const rounds = rows / WRITERS / ROWS_A_STATEMENT;
    const pauseMs = (1000 * WRITERS * ROWS_A_STATEMENT) / rate;
    let due = performance.now() + (pauseMs * number) / WRITERS;
    for (let round = 0; !this.#isOver; round++, due += pauseMs) {
      await sleep(Math.max(0, due - performance.now()));
      const first = (number * rounds + (round % rounds)) * ROWS_A_STATEMENT;
      await client.run(replaceRows(first, ROWS_A_STATEMENT, round));
      this.#changed += ROWS_A_STATEMENT;
    }
  }
}

/** A statement that writes rows from `first` on. */
export function replaceRows(first: number, count: number, round: number): string {
  const rows = Array.from({ length: count }, (_, i) => `(${first + i}, ${round % 100}, 'x${round}')`);
  return `replace into load_t values ${rows.join(',')}`;
}
