/**
 * What one session adds to the counts of its proxy and of the server that it is on.
 *
 * The clock is read for one command in four, picked at random, at its beginning and its end: half a reading for each
 * command, and no pattern of an application's can fall in with it. Commands that were sent before the answer to another
 * one are not timed: they waited for that too.
 */
import { SqlError, TiviewError } from '../base/errors.js';
import type { Runtime } from '../base/runtime.js';
import type { RelayCounts } from './relay-counts.js';
import type { ServerCounts } from './server-counts.js';

/** A quarter of all 32-bit numbers has these bits clear. */
const UNTIMED_BITS = 0xc000_0000;

/** Counts for one session. */
export class SessionMeter {
  readonly #runtime: Runtime;
  readonly #all: RelayCounts;
  #server: ServerCounts | undefined;
  #dice: number;
  /** When the command that is timed was sent; −1: none is. */
  #sentAtMs = -1;
  #hasFailedLogin = false;

  constructor(runtime: Runtime, all: RelayCounts) {
    this.#runtime = runtime;
    this.#all = all;
    this.#dice = all.connections;
  }

  /** From now on the session is on this server, or tries to get on it. */
  turnTo(server: ServerCounts): void {
    this.#server = server;
  }

  fromClient(bytes: number): void {
    this.#all.bytesFromClients += bytes;
    const server = this.#server;
    if (server !== undefined) server.bytesFromClients += bytes;
  }

  fromServer(bytes: number): void {
    this.#all.bytesFromBackends += bytes;
    const server = this.#server;
    if (server !== undefined) server.bytesReceived += bytes;
  }

  /** A command begins. @param isAlone - no answer is awaited. */
  command(isAlone: boolean): void {
    this.#all.commands++;
    const server = this.#server;
    if (server !== undefined) server.commands++;
    // Knuth's linear congruence; its high bits are the random ones.
    this.#dice = (Math.imul(this.#dice, 1_664_525) + 1_013_904_223) | 0;
    this.#sentAtMs = isAlone && (this.#dice & UNTIMED_BITS) === 0 ? this.#runtime.monotonicMs() : -1;
  }

  /** The server owes no answer any more. */
  answered(): void {
    if (this.#sentAtMs < 0) return;
    this.#server?.latencies.add(this.#runtime.monotonicMs() - this.#sentAtMs);
    this.#sentAtMs = -1;
  }

  /** The command is not sent to the server, or gets no answer from it. */
  untimed(): void {
    this.#sentAtMs = -1;
  }

  /** The server has answered commands by errors. */
  refusedByServer(count: number): void {
    this.#all.errorsOfServers += count;
    const server = this.#server;
    if (server !== undefined) server.errors += count;
  }

  /** A command was answered by an error here. */
  refusedHere(): void {
    this.#all.errorsOfTiview++;
  }

  /** The session ends, or a login on one server. @param reason - the side whose it is counts it, unless it is our end. */
  broken(reason: Error): void {
    // These are what TiView tells clients, whatever side they say.
    if (reason instanceof SqlError) this.refusedHere();
    else if (!(reason instanceof TiviewError)) return;
    else if (reason.side === 'client') this.#all.errorsOfClients++;
    else if (reason.side === 'tidb') this.refusedByServer(1);
  }

  /** The server did not take the client. */
  notTaken(): void {
    this.#all.backendFailures++;
    const server = this.#server;
    if (server !== undefined) server.connectFailures++;
  }

  /** The login has not come to its end, and will not. Counted once. */
  loginFailed(): void {
    if (this.#hasFailedLogin) return;
    this.#hasFailedLogin = true;
    this.#all.failedLogins++;
    const server = this.#server;
    if (server !== undefined) server.failedLogins++;
  }
}
