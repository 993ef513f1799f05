/** The errors that a proxy itself gives to clients, before or beside TiDB's. */
import { SqlError } from '../base/errors.js';

/** `%-.64s` of an error's message. */
const SHOWN_USER_LENGTH = 64;

/** ER_CON_COUNT_ERROR. */
export function tooManyConnections(): SqlError {
  return new SqlError(1040, '08004', 'Too many connections');
}

/** ER_CON_COUNT_ERROR, of one address. @param origin - see client-origin.ts. */
export function tooManyOfAddress(origin: string): SqlError {
  return new SqlError(1040, '08004', `Too many connections from ${origin}`);
}

/** ER_CON_COUNT_ERROR, of a second. @param origin - see client-origin.ts; undefined: of all together. */
export function connectsTooFast(origin?: string): SqlError {
  const whose = origin === undefined ? '' : ` from ${origin}`;
  return new SqlError(1040, '08004', `Too many connections${whose} in one second`);
}

/** ER_TOO_MANY_USER_CONNECTIONS, as TiDB words it. @see pingcap/tidb pkg/errno/errname.go */
export function tooManyOfUser(user: string): SqlError {
  const shown = user.slice(0, SHOWN_USER_LENGTH);
  return new SqlError(
    1203,
    '42000',
    `User ${shown} already has more than 'maxUserConnections' active connections`,
  );
}

/** ER_HANDSHAKE_ERROR. */
export function badHandshake(why: string): SqlError {
  return new SqlError(1043, '08S01', `Bad handshake: ${why}`);
}

/** SURFACE §5: every tidb-server refused the connection or did not answer. */
export function noServerReachable(): SqlError {
  return new SqlError(1105, 'HY000', 'no tidb-server reachable');
}

/** TLS towards tidb-servers is configured, and this one has none. */
export function backendLacksTls(): SqlError {
  return new SqlError(1105, 'HY000', 'the tidb-server does not offer TLS');
}

/** ER_SECURE_TRANSPORT_REQUIRED: the client would send its password, and we would pass it on for all to read. */
export function passwordInClear(): SqlError {
  return new SqlError(
    3159,
    'HY000',
    'This account logs in by its password itself, which TiView does not send to a tidb-server without TLS: start it ' +
      'with --tidb-tls-ca, or give the account mysql_native_password',
  );
}

/** The tidb-server, or TLS with it, broke off in the middle of a login. */
export function serverGoneAtLogin(why: string): SqlError {
  return new SqlError(1105, 'HY000', `the tidb-server broke off the login: ${why}`);
}

/** ER_NET_PACKET_TOO_LARGE. */
export function statementTooLong(bytes: number): SqlError {
  return new SqlError(1153, '08S01', `Got a statement of over ${bytes} bytes that has to be read whole`);
}

/** ER_NET_PACKET_TOO_LARGE, as TiDB words it. @see pingcap/tidb pkg/server/internal/packetio.go */
export function packetTooLarge(): SqlError {
  return new SqlError(1153, '08S01', "Got a packet bigger than 'max_allowed_packet' bytes");
}

/** ER_NET_READ_INTERRUPTED. */
export function handshakeTimedOut(): SqlError {
  return new SqlError(1159, '08S01', 'Got timeout reading communication packets');
}

/** ER_UNKNOWN_STMT_HANDLER. */
export function unknownStatement(id: number, command: string): SqlError {
  return new SqlError(1243, 'HY000', `Unknown prepared statement handler (${id}) given to ${command}`);
}

/** ER_QUERY_INTERRUPTED. */
export function interrupted(): SqlError {
  return new SqlError(1317, '70100', 'Query execution was interrupted');
}

/** ER_MAX_PREPARED_STMT_COUNT_REACHED. */
export function tooManyStatements(count: number): SqlError {
  return new SqlError(1461, '42000', `Can't create more than ${count} prepared statements of views`);
}
