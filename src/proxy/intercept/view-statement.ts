/** Runs a statement of ours on behalf of a client, and writes its answer. */
import { FieldFlag, MysqlType } from '../../codec/field-type.js';
import { lexModeOf } from '../../sql/scan/lex-mode.js';
import { parseViewStatement } from '../../sql/parse/view-statement-parser.js';
import type { ViewStatement } from '../../sql/ast/view-statement.js';
import type { NamedView, ResultColumn, StatementService } from '../../view/index.js';
import {
  BINARY_COLLATION,
  type ColumnDefinition,
  UTF8MB4_BIN_COLLATION,
} from '../../wire/column-definition.js';
import type { AnswerWriter, LocalStatement, SessionAccess } from '../statement-gate.js';
import { preflight } from './preflight.js';
import { statementText } from './statement-text.js';
import { askSession, askVisible, commitOpenTransaction } from './session-questions.js';

/** Statements that change nothing: they leave an open transaction alone. */
const READS: ReadonlySet<ViewStatement['kind']> = new Set([
  'showViews',
  'showCreateView',
  'showViewStatus',
  'showVariables',
  'explainView',
  'checkView',
  'compareView',
]);

/** A statement of ours that has been read. */
export interface ParsedStatement {
  readonly statement: ViewStatement;
  readonly text: string;
}

/** Answers one statement. @param bytes - in the session's character set. */
export function viewStatement(bytes: Uint8Array, service: StatementService): LocalStatement {
  return async (session, answer) => {
    const state = await askSession(session);
    const text = statementText(bytes, state.characterSet);
    const statement = parseViewStatement(text, lexModeOf(state.pinned.sqlMode));
    await run({ statement, text }, { state, service }, session, answer);
  };
}

/** Answers a statement that was read before. */
export function parsedViewStatement(parsed: ParsedStatement, service: StatementService): LocalStatement {
  return async (session, answer) =>
    run(parsed, { state: await askSession(session), service }, session, answer);
}

interface Surroundings {
  readonly state: Awaited<ReturnType<typeof askSession>>;
  readonly service: StatementService;
}

async function run(
  { statement, text }: ParsedStatement,
  { state, service }: Surroundings,
  session: SessionAccess,
  answer: AnswerWriter,
): Promise<void> {
  if (!READS.has(statement.kind)) {
    if (state.problem !== undefined) throw state.problem;
    await commitOpenTransaction(session);
  }
  await preflight(statement, session);
  const isList = statement.kind === 'showViews' || statement.kind === 'showViewStatus';
  const context = {
    connectionId: session.connectionId,
    pinned: state.pinned,
    visible: isList ? await askVisible(session, hiddenViews(service)) : undefined,
  };
  let hasColumns = false;
  for await (const part of service.execute({ statement, text }, context, session.signal)) {
    switch (part.kind) {
      case 'columns':
        answer.columns(part.columns.map(columnDefinition));
        hasColumns = true;
        break;
      case 'rows':
        await answer.rows(part.rows, session.signal);
        break;
      case 'ok':
        answer.ok({ info: part.warnings.join('; ') });
        return;
    }
  }
  if (hasColumns) answer.end();
}

/** Views that no table of their name stands for: not published yet, or renamed out of sight. */
function hiddenViews(service: StatementService): readonly NamedView[] {
  return service.names().views.filter(({ state }) => state === 'BUILDING' || state === 'INVALID');
}

const TEXT_BYTES = 1024 * 4;
const INTEGER_DIGITS = 20;

function columnDefinition({ name, isInteger }: ResultColumn): ColumnDefinition {
  return {
    schema: '',
    table: '',
    orgTable: '',
    name,
    orgName: '',
    collation: isInteger ? BINARY_COLLATION : UTF8MB4_BIN_COLLATION,
    length: isInteger ? INTEGER_DIGITS : TEXT_BYTES,
    type: isInteger ? MysqlType.longlong : MysqlType.varString,
    flags: isInteger ? FieldFlag.binary | FieldFlag.unsigned : 0,
    decimals: isInteger ? 0 : 31,
  };
}
