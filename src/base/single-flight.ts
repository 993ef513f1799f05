/**
 * Work shared by everybody who wants the same thing at the same time: a second look-up of one key waits for the
 * first. Each caller may leave by his own signal; the work is aborted when the last one has left.
 */
import { withAbort } from './abort.js';

interface Flight<V> {
  readonly result: Promise<V>;
  readonly controller: AbortController;
  waiters: number;
}

/** Joins concurrent work on equal keys. */
export class SingleFlight<K, V> {
  readonly #flights = new Map<K, Flight<V>>();

  /**
   * The result of the work under way for `key`, which is started if there is none.
   *
   * @throws what the work throws, or this caller's `signal.reason` when it is aborted.
   */
  async run(key: K, work: (signal: AbortSignal) => Promise<V>, signal: AbortSignal): Promise<V> {
    signal.throwIfAborted();
    const flight = this.#flights.get(key) ?? this.#start(key, work);
    flight.waiters++;
    try {
      return await withAbort(flight.result, signal);
    } finally {
      flight.waiters--;
      if (flight.waiters === 0) {
        if (this.#flights.get(key) === flight) this.#flights.delete(key);
        flight.controller.abort(signal.reason ?? new Error('nobody waits'));
      }
    }
  }

  #start(key: K, work: (signal: AbortSignal) => Promise<V>): Flight<V> {
    const controller = new AbortController();
    const result = work(controller.signal);
    const flight: Flight<V> = { result, controller, waiters: 0 };
    this.#flights.set(key, flight);
    const done = (): void => {
      if (this.#flights.get(key) === flight) this.#flights.delete(key);
    };
    result.then(done, done);
    return flight;
  }
}
