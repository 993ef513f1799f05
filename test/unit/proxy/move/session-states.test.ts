import { expect } from 'chai';
import { LimitError, SqlError } from '../../../../src/base/errors.js';
import {
  NotCarriedError,
  askStates,
  restoringStatements,
} from '../../../../src/proxy/move/session-states.js';
import type { TextResult } from '../../../../src/wire/text-result-reader.js';

const never = new AbortController().signal;

function resultOf(...cells: readonly (string | null)[]): TextResult {
  const row = cells.map((cell) => (cell === null ? null : Buffer.from(cell)));
  return { columns: [], rows: [row], affectedRows: 0n, lastInsertId: 0n, warnings: 0, status: 2 };
}

const states = (more: object = {}): string =>
  JSON.stringify({
    'sys-vars': { sql_mode: 'ANSI_QUOTES', collation_connection: 'gbk_chinese_ci' },
    ...more,
  });

/** A server that answers by the first words of a statement. */
function serverThat(answers: Readonly<Record<string, TextResult | Error>>) {
  const asked: string[] = [];
  const ask = (sql: string): Promise<TextResult> => {
    asked.push(sql);
    const answer = Object.entries(answers).find(([words]) => sql.startsWith(words))?.[1];
    return answer instanceof Error || answer === undefined
      ? Promise.reject(answer ?? new Error(`not expected: ${sql}`))
      : Promise.resolve(answer);
  };
  return { asked, ask };
}

async function errorOf(promise: Promise<unknown>): Promise<Error> {
  return promise.then(
    () => {
      throw new Error('it did not fail');
    },
    (error: unknown) => error as Error,
  );
}

const TOKEN = '{"username": "ann", "signature": "c2ln"}';

describe('session states', () => {
  it('are asked for before anything else, since any statement changes them', async () => {
    const { ask, asked } = serverThat({
      SHOW: resultOf(states(), TOKEN),
      SELECT: resultOf(Buffer.from('`r`@`%`').toString('hex')),
    });
    const carried = await askStates(ask, never);
    expect(asked).to.deep.equal(['SHOW SESSION_STATES', 'SELECT HEX(CURRENT_ROLE())']);
    expect(carried.user).to.equal('ann');
    expect(Buffer.from(carried.token).toString()).to.equal(TOKEN);
    expect(carried.statements).to.include('SET ROLE `r`@`%`');
  });

  it('are refused in the words of TiDB where it cannot carry the session', async () => {
    const message = 'cannot migrate the current session: session has advisory locks';
    const { ask } = serverThat({ SHOW: new SqlError(8146, 'HY000', message) });
    const error = await errorOf(askStates(ask, never));
    expect(error).to.be.instanceOf(NotCarriedError);
    expect(error.message).to.equal(message);
  });

  for (const token of [null, 'null']) {
    it(`are refused without a token (${String(token)})`, async () => {
      const { ask } = serverThat({ SHOW: resultOf(states(), token) });
      const error = await errorOf(askStates(ask, never));
      expect(error).to.be.instanceOf(NotCarriedError);
      expect(error.message).to.contain('no certificate');
    });
  }

  it('are refused where they are no JSON', async () => {
    const { ask } = serverThat({ SHOW: resultOf('{', TOKEN), SELECT: resultOf('') });
    expect(await errorOf(askStates(ask, never))).to.be.instanceOf(NotCarriedError);
  });

  for (const error of [new SqlError(1105, 'HY000', 'no'), new LimitError('too long')]) {
    it(`pass on any other error (${error.name})`, async () => {
      const { ask } = serverThat({ SHOW: error });
      expect(await errorOf(askStates(ask, never))).to.equal(error);
    });
  }
});

describe('the statements that restore a session', () => {
  it('set first by what prepared texts are read, and the states last', () => {
    expect(restoringStatements(states(), 'NONE')).to.deep.equal([
      'SET NAMES utf8mb4',
      "SET sql_mode = 'ANSI_QUOTES', collation_connection = 'gbk_chinese_ci'",
      'SET ROLE NONE',
      `SET SESSION_STATES '${states()}'`,
    ]);
  });

  it('have nothing but ASCII and escaped quotes in the states', () => {
    const statement = restoringStatements(states({ 'current-db': "é😀'\\\n" }), 'NONE').at(-1);
    expect(statement).to.match(/^[ -~]*$/);
    const literal = statement?.slice("SET SESSION_STATES '".length, -1) ?? '';
    expect(literal).to.not.match(/(^|[^\\])'/);
    const json = JSON.parse(literal.replace(/\\(.)/g, '$1')) as Record<string, unknown>;
    expect(json['current-db']).to.equal("é😀'\\\n");
  });

  it('read texts without NO_BACKSLASH_ESCAPES, which matters only for a backslash', () => {
    const modes = { 'sys-vars': { sql_mode: 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES' } };
    const prepared = (text: string): string => states({ ...modes, 'prepared-stmts': { 1: { text } } });
    expect(restoringStatements(prepared("select 'x'"), 'NONE')[1]).to.contain("sql_mode = 'ANSI_QUOTES',");
    expect(() => restoringStatements(prepared("select '\\'"), 'NONE')).to.throw(NotCarriedError, 'backslash');
  });

  it('are refused where a prepared text was not UTF-8', () => {
    const text = states({ 'prepared-stmts': { 1: { text: "select '\ufffd'" } } });
    expect(() => restoringStatements(text, 'NONE')).to.throw(NotCarriedError, 'UTF-8');
  });
});
