// What is written down of sessions and statements: labels, digests, and records of commands as a relay sees them.
import { expect } from 'chai';
import { concatBytes, utf8 } from '../../../src/base/bytes.js';
import { limits } from '../../../src/base/limits.js';
import { CommandWatch } from '../../../src/proxy/journal/command-watch.js';
import type { JournalOptions, JournalRecord } from '../../../src/proxy/journal/journal.js';
import { SessionFacts } from '../../../src/proxy/journal/session-facts.js';
import { SessionJournal } from '../../../src/proxy/journal/session-journal.js';
import { statementLabels } from '../../../src/proxy/journal/statement-kind.js';
import { normalized, shownText, statementDigest } from '../../../src/proxy/journal/statement-text.js';
import type { LocalStatement } from '../../../src/proxy/statement-gate.js';
import { SqlError } from '../../../src/base/errors.js';
import { Capability } from '../../../src/wire/capability.js';
import { Command } from '../../../src/wire/command.js';
import { printErr } from '../../../src/wire/err-packet.js';
import { frame } from '../../../src/wire/packet-writer.js';
import { printPrepareOk } from '../../../src/wire/prepare-ok.js';
import { settle } from '../../support/virtual-runtime.js';
import { AnswerPrinter } from '../wire/answers.js';
import { RelayRig, STATUS, message, wordGate } from './relay-rig.js';

describe('the label of a statement', () => {
  const labels = (sql: string): string[] =>
    statementLabels(utf8(sql)).map(({ kind, object }) =>
      object === undefined ? kind : `${kind}: ${object}`,
    );

  it('is keywords, and the name of a view or database, or the number of a connection', () => {
    expect(labels('CREATE MATERIALIZED VIEW IF NOT EXISTS shop.`v``1` AS SELECT 1')).to.deep.equal([
      'create materialized view: shop.v`1',
    ]);
    expect(labels('create or replace materialized view v as select 1')).to.deep.equal([
      'create or replace materialized view: v',
    ]);
    expect(labels('/* a */ drop materialized view if exists v, w')).to.deep.equal([
      'drop materialized view: v',
    ]);
    expect(labels('DROP DATABASE `a b`')).to.deep.equal(['drop database: a b']);
    expect(labels('kill query 17')).to.deep.equal(['kill query: 17']);
    expect(labels('KILL TIDB 17; /*! kill 18 */')).to.deep.equal(['kill: 17', 'kill: 18']);
  });

  it('never has a literal in it', () => {
    expect(labels("select 'secret', 123, x from t")).to.deep.equal(['select']);
    expect(labels("'secret'")).to.deep.equal(['']);
    expect(labels('')).to.deep.equal([]);
    expect(labels("set password = 'secret'")).to.deep.equal(['set']);
  });

  it('is found for a few statements of a packet only', () => {
    expect(labels('do 1;'.repeat(10_000))).to.have.lengthOf(64);
  });
});

describe('the text of a statement in a log', () => {
  it('is withheld where it may hold a secret', () => {
    expect(shownText(utf8('select 1'))).to.equal('select 1');
    for (const sql of [
      "create user a identified by 'x'",
      "SET PASSWORD FOR a = 'x'",
      "backup database d to 's3://b?access-key=a&secret-access-key=b'",
      "select * from accounts where passwd = 'x'",
    ]) {
      expect(shownText(utf8(sql)), sql).to.equal(undefined);
    }
  });

  it('has a digest that is the same whatever its literals, lists, letters and blanks are', () => {
    expect(normalized(utf8("SELECT  a FROM `T` WHERE x IN (1, 'two',3.5) -- c"))).to.equal(
      'select a from `t` where x in ( ? )',
    );
    expect(normalized(utf8("insert into t values (1,'a'),(2,'b'), (3,'c')"))).to.equal(
      'insert into t values ( ? )',
    );
    const one = statementDigest(utf8('select 1 from t where a = 5'));
    expect(one).to.match(/^[0-9a-f]{32}$/);
    expect(statementDigest(utf8("SELECT 77\n FROM T /* x */ WHERE a='b'"))).to.equal(one);
    expect(statementDigest(utf8('select 1 from t where b = 5'))).to.not.equal(one);
  });
});

/** A relay whose commands are written down. */
function watched(
  given: { thresholdMs?: number; hasText?: boolean; hasAudit?: boolean } = {},
  take: LocalStatement = (_session, answer) => {
    answer.ok();
    return Promise.resolve();
  },
): { rig: RelayRig; slow: JournalRecord[]; audit: JournalRecord[] } {
  const slow: JournalRecord[] = [];
  const audit: JournalRecord[] = [];
  const { thresholdMs = 100, hasText = true, hasAudit = true } = given;
  const options: JournalOptions = {
    slow: { sink: { write: (record) => slow.push(record) }, thresholdMs, hasText },
    audit: hasAudit ? { write: (record) => audit.push(record) } : undefined,
  };
  const facts = new SessionFacts('::ffff:10.0.0.9', {
    connectionId: () => 7,
    user: () => 'ann',
    server: () => 'tidb:4000',
  });
  facts.database = () => 'shop';
  const rig = new RelayRig(
    wordGate(take),
    Capability.deprecateEof,
    0,
    () => ({ kind: 'pass' }),
    (nowMs) => new CommandWatch(facts, options, nowMs),
  );
  return { rig, slow, audit };
}

const okAnswer = new AnswerPrinter(true).begin().ok(STATUS).take();
const errAnswer = frame(1, (out) => printErr({ errno: 1146, sqlState: '42S02', message: 'no' }, out));
const SESSION = { connId: 7, user: 'ann', address: '10.0.0.9', database: 'shop', server: 'tidb:4000' };

describe('the slow log', () => {
  it('tells of what took long, and of nothing else', async () => {
    const { rig, slow } = watched();
    rig.query('SELECT 1').server(okAnswer);
    rig.query('SELECT SLEEP(1)');
    await rig.runtime.advance(150);
    rig.server(okAnswer);
    rig.command(Command.ping);
    await rig.runtime.advance(99);
    rig.server(okAnswer);
    expect(slow).to.deep.equal([
      {
        ...{ ...SESSION, command: 'query', durationMs: 150, bytes: okAnswer.length, errno: 0 },
        ...{ isCutShort: undefined, kind: 'select', statement: 'SELECT SLEEP(1)', isStatementCut: undefined },
      },
    ]);
  });

  it('tells of errors, and of what the end of the session has cut short', async () => {
    const { rig, slow } = watched();
    rig.query('SELECT a').query('SELECT b');
    await rig.runtime.advance(200);
    rig.server(errAnswer);
    rig.relay.end(new Error('gone'));
    expect(slow.map(({ statement, errno, isCutShort }) => [statement, errno, isCutShort])).to.deep.equal([
      ['SELECT a', 1146, undefined],
      ['SELECT b', undefined, true],
    ]);
  });

  it('has a digest where texts are not wanted, or may hold a secret', async () => {
    for (const [hasText, sql] of [
      [false, 'SELECT 1'],
      [true, "ALTER USER a IDENTIFIED BY 'secret'"],
    ] as const) {
      const { rig, slow } = watched({ hasText });
      rig.query(sql);
      await rig.runtime.advance(100);
      rig.server(okAnswer);
      expect(slow[0]).to.include({ digest: statementDigest(utf8(sql)) });
      expect(JSON.stringify(slow)).to.not.match(/SELECT 1|secret/);
    }
  });

  it('shows the beginning of a long statement, however it arrives', () => {
    const long = `SELECT '${'x'.repeat(10_000)}'`;
    const { rig, slow } = watched({ thresholdMs: 0 });
    rig.query(long).server(okAnswer);
    rig.query(`hold ${long}`).server(okAnswer);
    const packet = message(Command.query, `hold ${long}`);
    for (let at = 0; at < packet.length; at += 1000) rig.client(packet.slice(at, at + 1000));
    rig.server(okAnswer);
    const most = limits.loggedStatementBytes;
    expect(slow.map(({ statement, isStatementCut }) => [statement, isStatementCut])).to.deep.equal([
      [long.slice(0, most), true],
      [`hold ${long}`.slice(0, most), true],
      [`hold ${long}`.slice(0, most), true],
    ]);
  });

  it('knows what a prepared statement says, until it is closed', () => {
    const { rig, slow } = watched({ thresholdMs: 0 });
    const number = (id: number): Uint8Array => Uint8Array.of(id & 255, (id >> 8) & 255, 0, 0);
    const prepared = { statementId: 0x1_02, columnCount: 0, parameterCount: 0, warnings: 0 };
    rig.command(Command.stmtPrepare, 'SELECT a FROM t');
    rig.server(frame(1, (out) => printPrepareOk(prepared, out)));
    rig.command(Command.stmtExecute, concatBytes(number(0x1_02), new Uint8Array(5))).server(okAnswer);
    rig.command(Command.stmtExecute, concatBytes(number(0x1_03), new Uint8Array(5))).server(okAnswer);
    rig.command(Command.stmtClose, number(0x1_02));
    rig.command(Command.stmtExecute, concatBytes(number(0x1_02), new Uint8Array(5))).server(okAnswer);
    expect(slow.map(({ command, statement }) => [command, statement])).to.deep.equal([
      ['stmtPrepare', 'SELECT a FROM t'],
      ['stmtExecute', 'SELECT a FROM t'],
      ['stmtExecute', undefined],
      ['stmtExecute', undefined],
    ]);
  });

  it('forgets the oldest of many prepared statements', () => {
    const { rig, slow } = watched({ thresholdMs: 0 });
    const execute = (id: number): JournalRecord['statement'] => {
      const payload = Uint8Array.of(id & 255, id >> 8, 0, 0, 0, 0, 0, 0, 0);
      rig.command(Command.stmtExecute, payload).server(okAnswer);
      return slow.at(-1)?.['statement'];
    };
    for (let id = 1; id <= limits.loggedPreparedStatements + 1; id++) {
      rig.command(Command.stmtPrepare, `SELECT ${id}`);
      const ok = { statementId: id, columnCount: 0, parameterCount: 0, warnings: 0 };
      rig.server(frame(1, (out) => printPrepareOk(ok, out)));
    }
    expect([execute(1), execute(2)]).to.deep.equal([undefined, 'SELECT 2']);
  });

  it('tells of what is answered here', async () => {
    const { rig, slow } = watched({ thresholdMs: 0 }, (_session, answer) => {
      answer.err(new SqlError(1235, '42000', 'not yet'));
      return Promise.resolve();
    });
    rig.query('take it').query('refuse it');
    await settle();
    expect(slow.map(({ statement, errno }) => [statement, errno])).to.deep.equal([
      ['take it', 1235],
      ['refuse it', 1235],
    ]);
  });
});

describe('the audit log', () => {
  it('tells of KILL wherever it stands, and of no other statement that is relayed', () => {
    const { rig, audit } = watched({ thresholdMs: 1e9 });
    const all = ['SELECT 1', 'kill 5', "SELECT 'kill 6'", '/* skill */ SELECT 1', 'do 1; KILL QUERY 7'];
    for (const sql of all) rig.query(sql).server(okAnswer);
    expect(audit.map(({ event, kind, object, errno }) => [event, kind, object, errno])).to.deep.equal([
      ['statement', 'kill', '5', 0],
      ['statement', 'kill query', '7', 0],
    ]);
    expect(audit[0]).to.include(SESSION);
    expect(audit[0]).to.not.have.any.keys('statement', 'digest');
  });

  it('tells of what is answered here and changes something, and of refusals', async () => {
    const { rig, audit } = watched({ thresholdMs: 1e9 });
    rig.query('take').query('refuse');
    rig.command(Command.stmtPrepare, 'take');
    await settle();
    const own = Uint8Array.of(0, 0, 0, 0x40, 0, 1, 0, 0, 0);
    rig.command(Command.stmtExecute, own);
    await settle();
    expect(audit.map(({ command, errno }) => [command, errno])).to.deep.equal([
      ['query', 0],
      ['query', 1235],
      ['stmtExecute', 0],
    ]);
  });

  it('tells of logins, failures, changes of users and ends, each once', () => {
    const audit: JournalRecord[] = [];
    const options: JournalOptions = { slow: undefined, audit: { write: (record) => audit.push(record) } };
    const open = (user: string | undefined, id?: number): SessionJournal =>
      new SessionJournal(
        new SessionFacts('10.0.0.9', { connectionId: () => id, user: () => user, server: () => 'tidb:4000' }),
        options,
        () => 0,
      );
    // Who only looks whether the port is open.
    open(undefined).loginFailed(1159);
    const failed = open('ann');
    failed.loginFailed(1045);
    failed.ended('the tidb-server has gone');
    const session = open('ann', 9);
    session.loggedIn(() => undefined);
    session.changedUser('bob', 1045);
    session.ended('the client has gone');
    session.ended('the proxy shuts down');
    const facts = { user: 'ann', address: '10.0.0.9', database: undefined, server: 'tidb:4000' };
    expect(audit).to.deep.equal([
      { event: 'loginFailed', connId: undefined, ...facts, errno: 1045 },
      { event: 'login', connId: 9, ...facts },
      { event: 'changeUser', connId: 9, ...facts, newUser: 'bob', errno: 1045 },
      { event: 'end', connId: 9, ...facts, reason: 'the client has gone' },
    ]);
  });
});
