/** Why sessions end: the reasons of aborted statements. */
import { TiviewError } from '../base/errors.js';

/** A session has ended. */
export class SessionEnd extends TiviewError {
  override readonly name = 'SessionEnd';

  constructor(side: 'client' | 'proxy' | 'tidb', message: string, cause?: unknown) {
    super(message, { kind: 'sessionEnd', side, isRetryable: false, cause });
  }
}

// Made once: an error's stack is dearer than anything else in a session's end.

/** Nobody is left to answer. */
export const CLIENT_GONE = new SessionEnd('client', 'the client has gone');
/** Nobody is left to ask. */
export const SERVER_GONE = new SessionEnd('tidb', 'the tidb-server has gone');
/** Nobody has asked for too long. */
export const SILENT = new SessionEnd('client', 'the client was silent for too long');
/** The proxy ends. */
export const SHUTDOWN = new SessionEnd('proxy', 'the proxy shuts down');
