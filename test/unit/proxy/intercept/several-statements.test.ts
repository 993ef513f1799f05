import { expect } from 'chai';
import { fromUtf8, utf8 } from '../../../../src/base/bytes.js';
import { SqlError } from '../../../../src/base/errors.js';
import { severalStatements } from '../../../../src/proxy/intercept/several-statements.js';
import {
  type AnswerWriter,
  PASS,
  type SessionAccess,
  type Verdict,
} from '../../../../src/proxy/statement-gate.js';
import { failureOf } from '../../../support/failure.js';

interface Course {
  /** What was done, in order: `ask …`, `relay …`, `answer …`, with `+` if more was announced. */
  readonly done: string[];
  readonly error: unknown;
}

/** Runs a packet in a session of this sql_mode: OURS is taken, NO refused, USE listens, BAD fails in TiDB. */
async function run(sql: string, sqlMode = '', refusal?: SqlError): Promise<Course> {
  const done: string[] = [];
  let more = '';
  let isFinished = false;
  const finish = (isLast: boolean): void => {
    isFinished = isLast;
  };
  const session: SessionAccess = {
    ...{ connectionId: 1, capabilities: 0, status: 2, signal: new AbortController().signal },
    query: (text) => {
      if (text.startsWith('DO')) {
        done.push('ask');
        if (refusal !== undefined) return Promise.reject(refusal);
      }
      return Promise.resolve({ rows: [[null, Buffer.from(sqlMode)]] } as never);
    },
    relay: (text) => {
      const errno = /BAD/.test(fromUtf8(text)) ? 1146 : 0;
      done.push(`relay${more} ${fromUtf8(text).trim()}`);
      finish(errno !== 0 || more === '');
      return Promise.resolve({ errno, status: 2 });
    },
  };
  const answer = {
    expectMore: (hasMore: boolean) => {
      more = hasMore ? '+' : '';
    },
    flush: () => Promise.resolve(),
    get isFinished() {
      return isFinished;
    },
    ok: () => finish(more === ''),
  } as unknown as AnswerWriter;
  let database = 'a';
  const judge = (bytes: Uint8Array, piece: { start: number; end: number }): Verdict => {
    const text = fromUtf8(bytes.subarray(piece.start, piece.end)).trim();
    if (text.startsWith('NO')) return { kind: 'refuse', error: new SqlError(1288, 'HY000', database) };
    if (text.startsWith('USE'))
      return { kind: 'pass', answered: ({ errno }) => (database = errno === 0 ? text : database) };
    if (!text.startsWith('OURS')) return PASS;
    return {
      kind: 'take',
      run: (_session, writer) => {
        done.push(`answer${more} ${text}`);
        writer.ok();
        return Promise.resolve();
      },
    };
  };
  const isOurs = (bytes: Uint8Array, piece: { start: number; end: number }): boolean =>
    /materialized/.test(fromUtf8(bytes.subarray(piece.start, piece.end)));
  const error = await failureOf(severalStatements(utf8(sql), { judge, isOurs })(session, answer));
  return { done, error };
}

describe('several statements in one packet', () => {
  it('run in order, TiDB’s neighbours together', async () => {
    const { done, error } = await run('SELECT 1; SELECT 2;OURS a; OURS b;; SELECT 3 /* ; */; # end');
    expect(error).to.equal(undefined);
    expect(done).to.deep.equal([
      'ask',
      'relay+ SELECT 1; SELECT 2',
      'answer+ OURS a',
      'answer+ OURS b',
      'relay SELECT 3 /* ; */',
    ]);
  });

  it('are split as the session reads them', async () => {
    const sql = `SELECT 'a\\'; OURS a; SELECT '`;
    expect((await run(sql)).done).to.deep.equal([`relay ${sql}`]);
    expect((await run(sql, 'NO_BACKSLASH_ESCAPES')).done).to.include('answer+ OURS a');
  });

  it('leave a comment that is code whole', async () => {
    const sql = '/*! SELECT 1; SELECT 2 */';
    expect((await run(`${sql}; OURS`)).done).to.deep.equal(['ask', `relay+ ${sql}`, 'answer OURS']);
  });

  it('end with the first error, whoever gives it', async () => {
    expect((await run('SELECT 1; BAD; OURS')).done).to.deep.equal(['ask', 'relay+ SELECT 1; BAD']);
    const refused = await run('SELECT 1; NO; SELECT 2');
    expect(refused.done).to.deep.equal(['ask', 'relay+ SELECT 1']);
    expect(refused.error).to.include({ errno: 1288 });
  });

  it('are judged with the state that those before them left', async () => {
    const { done, error } = await run('SELECT 1; USE b; NO; OURS');
    expect(done).to.deep.equal(['ask', 'relay+ SELECT 1', 'relay+ USE b']);
    expect(error).to.include({ errno: 1288, message: 'USE b' });
  });

  it('do not begin when the client may not send several', async () => {
    const refusal = new SqlError(8130, 'HY000', 'client has multi-statement capability disabled');
    const { done, error } = await run('SELECT 1; OURS', '', refusal);
    expect([done, error]).to.deep.equal([['ask'], refusal]);
  });

  it('do not begin when one of ours is malformed', async () => {
    const { done, error } = await run('SELECT 1; create materialized vie');
    expect(done).to.deep.equal(['ask']);
    expect(error).to.include({ errno: 1064 });
  });

  it('load no files of the client', async () => {
    const { done, error } = await run("SELECT 1; LOAD DATA LOW_PRIORITY LOCAL INFILE 'x' INTO TABLE t; OURS");
    expect(done).to.deep.equal(['ask', 'relay+ SELECT 1']);
    expect(error).to.include({ errno: 1235 });
    expect((await run("LOAD DATA INFILE '/local' INTO TABLE t")).error).to.equal(undefined);
  });
});
