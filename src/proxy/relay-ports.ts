/** What a relay is made of, and what it may do to the two sockets it lies between. */
import type { SqlError } from '../base/errors.js';
import type { Runtime } from '../base/runtime.js';
import type { CommandWatch } from './journal/command-watch.js';
import type { SessionOrigin } from './move/session-origin.js';
import type { SessionMeter } from './session-meter.js';
import type { UserChange } from './session-user.js';
import type { StatementGate } from './statement-gate.js';

/** What a relay is made of. */
export interface CommandRelayParts {
  readonly runtime: Runtime;
  readonly ports: RelayPorts;
  readonly gate: StatementGate;
  /** As TiDB knows it. */
  readonly connectionId: number;
  /** What the client and the tidb-server have agreed on. */
  readonly capabilities: number;
  readonly origin: SessionOrigin;
  /** Status flags of the login. */
  readonly status: number;
  readonly meter: SessionMeter;
  /** Is shown the session's commands; undefined: nobody wants to know. */
  readonly watch?: CommandWatch | undefined;
  /** Bytes of one message of the client; 0: no limit. */
  readonly maxPacketBytes: number;
  /** Is asked about each COM_CHANGE_USER. */
  readonly changeUser: (payload: Uint8Array) => UserChange;
}

/** What a relay may do to the two sockets it lies between. Implemented by ClientSession, and by tests. */
export interface RelayPorts {
  /**
   * Sends to the client.
   *
   * @param bytes - the first `length` of them; lent for the call.
   */
  toClient(bytes: Uint8Array, length: number): void;
  /** Sends to the tidb-server. @param bytes - handed over: nobody writes to them any more. */
  toBackend(bytes: Uint8Array): void;
  /** Why the client must not be asked for its password itself; undefined: it may be. */
  passwordRefusal(): SqlError | undefined;
  /** Resolves when the client's socket has room. @throws the signal's reason. */
  clientRoom(signal: AbortSignal): Promise<void>;
  /** Stops reading from the client, or goes on: too much of its input waits, or does no longer. */
  holdClient(isHeld: boolean): void;
  /** Sends these bytes (possibly none) to the client as the last ones and ends both connections. */
  end(last: Uint8Array, reason: Error): void;
}
