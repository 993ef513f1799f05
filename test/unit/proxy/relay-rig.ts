/** A CommandRelay between a client and a tidb-server that are only bytes in memory. */
import { NO_BYTES, asBuffer, concatBytes, utf8 } from '../../../src/base/bytes.js';
import { SqlError } from '../../../src/base/errors.js';
import { CommandRelay } from '../../../src/proxy/command-relay.js';
import type { CommandWatch } from '../../../src/proxy/journal/command-watch.js';
import { SessionOrigin } from '../../../src/proxy/move/session-origin.js';
import { passwordInClear } from '../../../src/proxy/proxy-errors.js';
import { RelayCounts } from '../../../src/proxy/relay-counts.js';
import { ServerCounts } from '../../../src/proxy/server-counts.js';
import { SessionMeter } from '../../../src/proxy/session-meter.js';
import type { UserChange } from '../../../src/proxy/session-user.js';
import {
  NEED_MORE,
  PASS,
  type StatementGate,
  type StatementText,
  type Verdict,
} from '../../../src/proxy/statement-gate.js';
import { Capability } from '../../../src/wire/capability.js';
import { Command } from '../../../src/wire/command.js';
import { framePayload } from '../../../src/wire/packet-writer.js';
import { VirtualRuntime } from '../../support/virtual-runtime.js';

export const STATUS = 2;

/** The rig. */
export class RelayRig {
  readonly runtime = new VirtualRuntime();
  readonly counts = new RelayCounts();
  readonly serverCounts = new ServerCounts();
  readonly #meter = new SessionMeter(this.runtime, this.counts);
  readonly relay: CommandRelay;
  #toClient: Uint8Array[] = [];
  #toBackend: Uint8Array[] = [];
  /** Whether the client is not read from. */
  isClientHeld = false;
  /** Set when the relay has ended the session: the last bytes are among the client's. */
  endedBy: Error | undefined;
  #roomMakers: (() => void)[] = [];
  /** Whether somebody could read the client's password on its way to the server. */
  isPasswordExposed = false;
  /** Whether the client reads. */
  hasRoom = true;

  /** @param maxPacketBytes - of one message; 0: no limit. */
  constructor(
    gate: StatementGate = { judge: () => PASS },
    capabilities: number = Capability.deprecateEof,
    maxPacketBytes = 0,
    changeUser: (payload: Uint8Array) => UserChange = () => ({ kind: 'pass' }),
    watch?: (nowMs: () => number) => CommandWatch,
  ) {
    const ports = {
      toClient: (bytes: Uint8Array, length: number) => this.#toClient.push(bytes.slice(0, length)),
      toBackend: (bytes: Uint8Array) => this.#toBackend.push(bytes.slice()),
      clientRoom: (signal: AbortSignal) => this.#room(signal),
      holdClient: (isHeld: boolean) => {
        this.isClientHeld = isHeld;
      },
      passwordRefusal: () => (this.isPasswordExposed ? passwordInClear() : undefined),
      end: (last: Uint8Array, reason: Error) => {
        this.#toClient.push(last);
        this.endedBy = reason;
      },
    };
    this.#meter.turnTo(this.serverCounts);
    const origin = new SessionOrigin({ capabilities, database: undefined, response: NO_BYTES });
    this.relay = new CommandRelay({
      origin,
      ...{ runtime: this.runtime, ports, gate, capabilities, meter: this.#meter },
      ...{ connectionId: 7, status: STATUS, maxPacketBytes, changeUser },
      watch: watch?.(() => this.runtime.monotonicMs()),
    });
  }

  client(...chunks: Uint8Array[]): this {
    for (const chunk of chunks) this.relay.fromClient(chunk);
    return this;
  }

  /** A command of the client, in one chunk. */
  command(command: number, payload: Uint8Array | string = NO_BYTES): this {
    return this.client(message(command, payload));
  }

  query(sql: string): this {
    return this.command(Command.query, sql);
  }

  server(...chunks: Uint8Array[]): this {
    for (const chunk of chunks) {
      // A lent buffer, larger than what is in it, and overwritten afterwards.
      const buffer = concatBytes(chunk, Uint8Array.of(0xff));
      this.relay.fromBackend(buffer, chunk.length);
      buffer.fill(0xee);
    }
    return this;
  }

  /** What the client has got since this was last asked, in latin1. */
  get sentToClient(): Buffer {
    const all = asBuffer(concatBytes(...this.#toClient));
    this.#toClient = [];
    return all;
  }

  /** What the server has got since this was last asked. */
  get sentToBackend(): Buffer {
    const all = asBuffer(concatBytes(...this.#toBackend));
    this.#toBackend = [];
    return all;
  }

  /** Forgets what both sides have got. */
  take(): void {
    this.#toClient = [];
    this.#toBackend = [];
  }

  /** The client reads what it was sent. */
  makeRoom(): void {
    this.hasRoom = true;
    const makers = this.#roomMakers;
    this.#roomMakers = [];
    for (const make of makers) make();
  }

  #room(signal: AbortSignal): Promise<void> {
    if (this.hasRoom) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.#roomMakers.push(resolve);
      signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
    });
  }
}

/** A command as one packet (or several, if it is long). */
export function message(command: number, payload: Uint8Array | string = NO_BYTES): Uint8Array {
  const body = typeof payload === 'string' ? utf8(payload) : payload;
  return framePayload(0, concatBytes(Uint8Array.of(command), body));
}

/** The text of a statement, as far as it has arrived. */
export function textOf(statement: StatementText): string {
  return asBuffer(statement.bytes.subarray(statement.start, statement.end)).toString();
}

/**
 * A gate that goes by a statement's first word: `refuse`, `take`, `hold` (needs all of it and then lets it pass),
 * `holdrefuse`, `holdtake`; everything else passes.
 */
export function wordGate(take: Extract<Verdict, { kind: 'take' }>['run']): StatementGate {
  return {
    judge: (statement) => {
      const text = textOf(statement);
      if (text.startsWith('refuse'))
        return { kind: 'refuse', error: new SqlError(1235, '42000', 'not that') };
      const isBegun = ['take', 'hold', 'refuse'].some((word) => word.startsWith(text));
      const needsAll = isBegun || text.startsWith('take') || text.startsWith('hold');
      if (needsAll && !statement.isComplete) return NEED_MORE;
      if (text.startsWith('take') || text.startsWith('holdtake')) return { kind: 'take', run: take };
      if (text.startsWith('holdrefuse'))
        return { kind: 'refuse', error: new SqlError(1235, '42000', 'not that') };
      return PASS;
    },
  };
}
