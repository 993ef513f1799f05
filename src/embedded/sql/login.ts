/** How a client logs in: what it is offered, and who it may be. */
import { SqlError } from '../../base/errors.js';
import { Capability } from '../../wire/capability.js';
import type { Greeting } from '../../wire/greeting.js';
import { ServerStatus } from '../../wire/server-status.js';
import { SERVER_VERSION } from './variables.js';

/** The only plugin. */
export const AUTH_PLUGIN = 'mysql_native_password';
const SALT_BYTES = 20;
const UTF8MB4_BIN = 46;

/** Bits of {@link Capability}. */
export const OFFERED =
  Capability.longPassword |
  Capability.foundRows |
  Capability.longFlag |
  Capability.connectWithDb |
  Capability.protocol41 |
  Capability.interactive |
  Capability.transactions |
  Capability.secureConnection |
  Capability.multiStatements |
  Capability.multiResults |
  Capability.psMultiResults |
  Capability.pluginAuth |
  Capability.connectAttributes |
  Capability.pluginAuthLenencData |
  Capability.deprecateEof;

/** A password that is sent is wrong: root has none, and there is nobody else. */
export function refusalOf(user: string, authData: Uint8Array): SqlError | undefined {
  const hasPassword = authData.length > 1;
  if (user === 'root' && !hasPassword) return undefined;
  const using = hasPassword ? 'YES' : 'NO';
  return new SqlError(
    1045,
    '28000',
    `Access denied for user '${user}'@'127.0.0.1' (using password: ${using})`,
  );
}

/** The first packet. @param salt - of the password that nobody has. */
export function greeting(connectionId: number, salt: Uint8Array): Greeting {
  return {
    serverVersion: SERVER_VERSION,
    connectionId,
    authData: Uint8Array.from([...salt.subarray(0, SALT_BYTES), 0]),
    capabilities: OFFERED >>> 0,
    collation: UTF8MB4_BIN,
    status: ServerStatus.autocommit,
    authPlugin: AUTH_PLUGIN,
  };
}
