/** What sessions share with all others of their proxy. */
import type { Runtime } from '../base/runtime.js';
import type { Log } from '../base/telemetry.js';
import type { Admission } from './admission.js';
import type { Backends } from './backends.js';
import type { ClientLimits } from './client-limits.js';
import type { Deadlines } from './deadlines.js';
import type { HandshakeSettings } from './handshake-relay.js';
import type { JournalOptions } from './journal/journal.js';
import type { ReadBuffers } from './read-buffers.js';
import type { RelayCounts } from './relay-counts.js';
import type { StatementGates } from './statement-gate.js';
import type { BackendTls, ClientTlsContext } from './tls-options.js';

/** Lent to each session, which is an `S`. */
export interface SessionHost<S> {
  readonly limits: ClientLimits;
  readonly admission: Admission;
  /** undefined: nothing is written down. */
  readonly journal: JournalOptions | undefined;
  readonly runtime: Runtime;
  readonly log: Log;
  readonly backends: Backends;
  readonly buffers: ReadBuffers;
  readonly gates: StatementGates;
  readonly counts: RelayCounts;
  readonly clientTls: ClientTlsContext | undefined;
  readonly backendTls: BackendTls | undefined;
  readonly handshake: HandshakeSettings;
  readonly deadlines: Deadlines;
  /** Both connections are closed. */
  closed(session: S): void;
}
