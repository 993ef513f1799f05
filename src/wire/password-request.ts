/**
 * Where a login has the client send its password itself, and not a proof that it knows it. Clients do so only where
 * nobody can listen; a relay that has TLS on one side only must not carry it to the other.
 *
 * @see https://dev.mysql.com/doc/dev/mysql-server/latest/page_caching_sha2_authentication_exchanges.html
 * @see pingcap/tidb pkg/server/conn.go (authSha and authSM3, which always ask for it; checkAuthPlugin, authSwitchRequest)
 */
import { AUTH_MORE_DATA_HEADER } from './auth-more-data.js';
import { AUTH_NEXT_FACTOR_HEADER } from './auth-next-factor.js';
import { AUTH_SWITCH_HEADER } from './auth-switch.js';
import { asBuffer } from '../base/bytes.js';

/** caching_sha2_password, tidb_sm3_password: the cache knows nothing of the client, the password itself is wanted. */
const FULL_AUTHENTICATION = 0x04;

/**
 * Plugins whose data is the password, or a token that is as good. TiDB asks for those of tidb_auth_token and
 * authentication_ldap_simple by the first of these names; but a server may have authentication_ldap_simple for its
 * `default_authentication_plugin`, and then takes what a client of that name begins with. authentication_ldap_sasl is
 * none: TiDB's methods (SCRAM, GSSAPI) prove that one knows the password.
 */
const PASSWORD_PLUGINS: ReadonlySet<string> = new Set([
  'mysql_clear_password',
  'tidb_auth_token',
  'authentication_ldap_simple',
]);

/** Bytes of a packet that have to be seen: a header, the longest of the names, and its end. */
const SEEN_BYTES = 32;

/** Whether a client that begins with a plugin sends its password itself. */
export function isPasswordPlugin(plugin: string | undefined): boolean {
  return plugin !== undefined && PASSWORD_PLUGINS.has(plugin);
}

/** @param payload - what a server says in the middle of a login; its first bytes are enough. */
export function asksForPassword(payload: Uint8Array): boolean {
  switch (payload[0]) {
    case AUTH_MORE_DATA_HEADER:
      return payload[1] === FULL_AUTHENTICATION;
    case AUTH_SWITCH_HEADER:
    case AUTH_NEXT_FACTOR_HEADER: {
      const name = asBuffer(payload.subarray(1, SEEN_BYTES)).toString('latin1').split('\0', 1)[0];
      return isPasswordPlugin(name);
    }
    default:
      return false;
  }
}
