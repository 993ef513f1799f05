/** What clients may ask of a proxy: how many, how fast, how long, how much. 0 is no limit wherever it says so. */
import { limits } from '../base/limits.js';

/** How many clients are let in; 0: as many as come. */
export interface AdmissionLimits {
  /** Connections at once. */
  readonly connections: number;
  readonly connectionsPerUser: number;
  /** Of one origin (client-origin.ts), as below. */
  readonly connectionsPerAddress: number;
  /** New connections. */
  readonly connectsPerSecond: number;
  readonly connectsPerSecondPerAddress: number;
}

/** How long a client may say nothing; 0: as long as it likes. TiDB's own `wait_timeout` holds besides. */
export interface IdleLimits {
  /** Between two commands. */
  readonly idleMs: number;
  /** The same in a transaction, or with a cursor open. */
  readonly idleTransactionMs: number;
}

/** All of them. */
export interface ClientLimits extends AdmissionLimits, IdleLimits {
  /** From the greeting to the end of the login; > 0. */
  readonly handshakeMs: number;
  /** Bytes of one message of a client; 0: as many as TiDB takes (`max_allowed_packet`). */
  readonly maxPacketBytes: number;
}

/** What holds if nothing is said. */
export const DEFAULT_CLIENT_LIMITS: ClientLimits = {
  connections: limits.clientConnections,
  connectionsPerUser: 0,
  connectionsPerAddress: 0,
  connectsPerSecond: 0,
  connectsPerSecondPerAddress: 0,
  idleMs: 0,
  idleTransactionMs: 0,
  handshakeMs: limits.handshakeMs,
  maxPacketBytes: 0,
};
