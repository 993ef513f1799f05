/**
 * What a server sends for each command, as far as it has to be known to see where the answer ends.
 *
 * @see https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_command_phase.html
 * @see pingcap/tidb pkg/server/conn.go (dispatch), for where TiDB departs from the pages
 */
import { Command } from './command.js';
import { SEND_LONG_DATA_BYTES_MIN } from './com-stmt-send-long-data.js';

/** Forms of an answer. Plain numbers: one is kept for every command under way. */
export const AnswerKind = {
  /** Nothing at all. */
  none: 0,
  /** OK, ERR, a result set or a request for a file; possibly several of them. */
  result: 1,
  /** One OK, EOF or ERR packet. */
  single: 2,
  /** A prepared statement's number, parameters and columns; or ERR. */
  prepare: 3,
  /** Rows (or column definitions) and an end, without columns before them; or ERR. */
  rows: 4,
  /** One packet of anything. */
  text: 5,
  /** An exchange of authentication packets, ended by OK or ERR. */
  auth: 6,
  /** Two OK packets, or one ERR: what TiDB does for the commands it runs as a statement. */
  twice: 7,
  /** Nothing; but an ERR packet that names the command, if TiDB refuses it. */
  longData: 8,
} as const;

/** One of {@link AnswerKind}'s numbers. */
export type AnswerKindCode = (typeof AnswerKind)[keyof typeof AnswerKind];

/** COM_REFRESH's sub-command for which TiDB runs FLUSH PRIVILEGES. */
const REFRESH_GRANT = 0x01;

/**
 * @param argument - the byte after the command, if there is one.
 * @param length - bytes of the command's payload.
 */
export function answerKindOf(command: number, argument: number | undefined, length: number): AnswerKindCode {
  switch (command) {
    case Command.quit:
    case Command.stmtClose:
      return AnswerKind.none;
    case Command.stmtSendLongData:
      return length < SEND_LONG_DATA_BYTES_MIN ? AnswerKind.single : AnswerKind.longData;
    case Command.stmtPrepare:
      return AnswerKind.prepare;
    case Command.stmtFetch:
    case Command.fieldList:
      return AnswerKind.rows;
    case Command.statistics:
      return AnswerKind.text;
    case Command.changeUser:
      return AnswerKind.auth;
    case Command.initDb:
    case Command.ping:
    case Command.stmtReset:
    case Command.setOption:
    case Command.resetConnection:
    case Command.debug:
      return AnswerKind.single;
    case Command.refresh:
      return argument === REFRESH_GRANT ? AnswerKind.twice : AnswerKind.single;
    case Command.shutdown:
      return AnswerKind.twice;
    default:
      // COM_QUERY, COM_STMT_EXECUTE; and unknown commands, which are refused by an ERR packet or answered likewise.
      return AnswerKind.result;
  }
}
