/** The errors that a proxy itself gives to clients, before or beside TiDB's. */
import { SqlError } from '../base/errors.js';

/** ER_CON_COUNT_ERROR. */
export function tooManyConnections(): SqlError {
  return new SqlError(1040, '08004', 'Too many connections');
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

/** The tidb-server, or TLS with it, broke off in the middle of a login. */
export function serverGoneAtLogin(why: string): SqlError {
  return new SqlError(1105, 'HY000', `the tidb-server broke off the login: ${why}`);
}

/** ER_NET_PACKET_TOO_LARGE. */
export function statementTooLong(bytes: number): SqlError {
  return new SqlError(1153, '08S01', `Got a statement of over ${bytes} bytes that has to be read whole`);
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
