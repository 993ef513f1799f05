/**
 * KILL of a statement that is answered here. To TiDB its connection is idle, and KILL QUERY of an idle connection makes
 * TiDB close it; so it is ended here, and TiDB is asked only who may. And KILL of a connection that its client knows by
 * another id than TiDB does, because it has moved: TiDB is told its own. (Which tidb-server the connection is on does
 * not matter: each passes a KILL on to the one that the id names.)
 */
import { withKilledConnection } from '../../sql/scan/kill-statement.js';
import type { LocalStatement, SessionAccess } from '../statement-gate.js';

/** The statements that are answered here, of all sessions, also those of other front-end processes. */
export interface AnsweredStatements {
  /**
   * Whether TiDB may not find what is to be killed: a statement may be answered here on the connection, or TiDB may know
   * it by another id. Synchronous: asked for each KILL.
   */
  mayBeOurs(connectionId: number): boolean;
  /** Whose statement is answered here on a connection now; undefined: none is. @throws the signal's reason. */
  answeredUser(connectionId: number, signal: AbortSignal): Promise<string | undefined>;
  /** Ends it, with error 1317. @throws the signal's reason. */
  interrupt(connectionId: number, signal: AbortSignal): Promise<void>;
  /**
   * The id by which TiDB knows a connection that has moved since its client was greeted; else the id itself.
   *
   * @throws the signal's reason.
   */
  presentId(connectionId: number, signal: AbortSignal): Promise<number>;
}

/** Carries out a KILL of a connection whose statement may have been answered here, or that may have moved, when it was sent. */
export function killStatement(
  bytes: Uint8Array,
  connectionId: number,
  statements: AnsweredStatements,
): LocalStatement {
  return async (session, answer) => {
    const victim = await statements.answeredUser(connectionId, session.signal);
    if (victim === undefined || !(await mayKill(victim, session))) {
      // It has ended meanwhile, or TiDB will say that it may not be.
      const presentId = await statements.presentId(connectionId, session.signal);
      await session.relay(withKilledConnection(bytes, presentId));
      return;
    }
    await statements.interrupt(connectionId, session.signal);
    answer.ok();
  };
}

/** Everybody may kill his own; others' only who TiDB lets (SUPER, CONNECTION_ADMIN). */
async function mayKill(victim: string, session: SessionAccess): Promise<boolean> {
  const { rows } = await session.query(
    "SELECT SUBSTRING_INDEX(USER(), '@', 1), COUNT(*) FROM information_schema.user_privileges " +
      "WHERE privilege_type IN ('SUPER', 'CONNECTION_ADMIN') AND grantee = " +
      "CONCAT('\\'', SUBSTRING_INDEX(CURRENT_USER(), '@', 1), '\\'@\\'', SUBSTRING_INDEX(CURRENT_USER(), '@', -1), '\\'')",
    session.signal,
  );
  const [user, grants] = (rows[0] ?? []).map((cell) => cell?.toString('utf8'));
  return user === victim || Number(grants ?? '0') > 0;
}
