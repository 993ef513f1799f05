/** The options that bound what clients may ask for, as the proxy takes them. */
import type { ClientLimits } from '../proxy/client-limits.js';
import type { Options } from './options.js';

/** What clients may ask for. */
export function clientLimits(options: Options): ClientLimits {
  return {
    connections: options['max-connections'],
    connectionsPerUser: options['max-connections-per-user'],
    connectionsPerAddress: options['max-connections-per-address'],
    connectsPerSecond: options['connect-rate'],
    connectsPerSecondPerAddress: options['connect-rate-per-address'],
    idleMs: options['idle-timeout'],
    idleTransactionMs: options['idle-transaction-timeout'],
    handshakeMs: options['handshake-timeout'],
    maxPacketBytes: options['max-packet'],
  };
}
