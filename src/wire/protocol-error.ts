import { TiviewError } from '../base/errors.js';

/** Who sent the bytes that make no sense: the program that connected to us, or the tidb-server we connected to. */
export type Sender = 'client' | 'tidb';

/** Bytes that are not the MySQL protocol, or a part of it that cannot be followed. Ends the connection. */
export class ProtocolError extends TiviewError {
  override readonly name = 'ProtocolError';

  constructor(sender: Sender, message: string) {
    super(message, { kind: 'protocol', side: sender, isRetryable: false });
  }
}
