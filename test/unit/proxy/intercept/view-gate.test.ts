import { expect } from 'chai';
import { utf8 } from '../../../../src/base/bytes.js';
import { SqlError } from '../../../../src/base/errors.js';
import { ViewGates } from '../../../../src/proxy/intercept/view-gates.js';
import type {
  AnswerWriter,
  SessionAccess,
  StatementGate,
  StatementKind,
  Verdict,
} from '../../../../src/proxy/statement-gate.js';
import type { NamedView, NameSnapshot, StatementService } from '../../../../src/view/index.js';
import { Capability } from '../../../../src/wire/capability.js';
import type { AnswerOutcome } from '../../../../src/wire/expected-answers.js';

const READY: NamedView = {
  ...{ schema: 'Shop', name: 'Hot', state: 'READY', lastError: undefined },
  bases: [{ schema: 'shop', name: 'orders', columns: ['id', 'price'] }],
};
const INVALID: NamedView = {
  ...READY,
  name: 'bad',
  state: 'INVALID',
  lastError: 'somebody wrote to it',
  bases: [],
};

/** On these connections a statement is being answered here. */
const answering = (...connections: readonly number[]) => ({
  mayBeOurs: (id: number) => connections.includes(id),
  answeredUser: (id: number) => Promise.resolve(connections.includes(id) ? 'root' : undefined),
  interrupt: () => Promise.resolve(),
  presentId: (id: number) => Promise.resolve(id),
});

/** A service of which a gate needs nothing but the names. */
function serviceOf(names: () => NameSnapshot): StatementService {
  const none = (): never => {
    throw new Error('a gate asks for names only');
  };
  return { names, execute: none };
}

interface Subject {
  readonly gate: StatementGate;
  readonly judge: (sql: string, kind?: StatementKind, isComplete?: boolean) => Verdict;
  readonly errno: (sql: string) => number | undefined;
  readonly answered: (verdict: Verdict, errno?: number) => void;
}

function gateOf(
  views: readonly NamedView[],
  database?: string,
  answered: readonly number[] = [],
  capabilities: number = Capability.protocol41,
): Subject {
  const snapshot = { version: 1, systemSchema: 'tiview', views };
  const gates = new ViewGates(
    serviceOf(() => snapshot),
    answering(...answered),
  );
  const gate = gates.open({ connectionId: 1, user: 'root', database, capabilities });
  const judge = (sql: string, kind: StatementKind = 'query', isComplete = true): Verdict => {
    const bytes = utf8(` ${sql}`);
    return gate.judge({ kind, bytes, start: 1, end: bytes.length, isComplete });
  };
  const errno = (sql: string): number | undefined => {
    const verdict = judge(sql);
    return verdict.kind === 'refuse' ? verdict.error.errno : undefined;
  };
  const tell = (verdict: Verdict, code = 0): void => {
    if (verdict.kind === 'pass') verdict.answered?.({ errno: code } as AnswerOutcome);
  };
  return { gate, judge, errno, answered: tell };
}

describe('view gate', () => {
  it('lets everything pass when there is no view', () => {
    const { judge } = gateOf([], 'shop');
    for (const sql of ['SELECT 1', 'INSERT INTO hot VALUES (1)', 'DROP TABLE hot']) {
      expect(judge(sql).kind, sql).to.equal('pass');
    }
  });

  it('takes statements on views', () => {
    const { judge } = gateOf([], 'shop');
    expect(judge('CREATE MATERIALIZED VIEW v AS SELECT 1').kind).to.equal('take');
    expect(judge('show materialized views').kind).to.equal('take');
    expect(judge('SHOW MATERIALIZED VIEWS', 'prepare').kind).to.equal('take');
    expect(judge('SELECT 1; SHOW MATERIALIZED VIEWS').kind).to.equal('take');
    const prepared = judge('SHOW MATERIALIZED VIEWS; SELECT 1', 'prepare');
    expect(prepared.kind === 'refuse' && prepared.error.errno).to.equal(8115);
  });

  it('refuses what would write to a view, by whatever name it is called', () => {
    const { errno } = gateOf([READY], 'shop');
    for (const sql of [
      'INSERT INTO hot VALUES (1)',
      'insert into `HOT` values (1)',
      'DELETE FROM shop.hot',
      'UPDATE other.t JOIN hot ON true SET hot.a = 1',
      'TRUNCATE TABLE hot',
      'DROP TABLE t, hot',
      'ALTER TABLE hot ADD COLUMN x INT',
      'RENAME TABLE hot TO cold',
      'INSERT INTO "hot" VALUES (1)',
    ]) {
      expect(errno(sql), sql).to.equal(1288);
    }
  });

  it('takes packets apart in which a statement may not reach TiDB, and no others', () => {
    const { judge } = gateOf([READY, INVALID], 'shop', [9]);
    for (const sql of [
      'SELECT 1; DELETE FROM hot',
      'SELECT 1; SELECT * FROM bad',
      'SELECT 1; ALTER TABLE orders DROP COLUMN price',
      'SELECT 1; DROP DATABASE shop',
      'SELECT 1; /* x */ KILL QUERY 9',
    ])
      expect(judge(sql).kind, sql).to.equal('take');
    for (const sql of ['SELECT 1; DELETE FROM t', 'SELECT 1; KILL QUERY 8', 'SELECT * FROM hot; SELECT 1'])
      expect(judge(sql).kind, sql).to.equal('pass');
  });

  it('tells how to drop a view', () => {
    const { judge } = gateOf([READY], 'shop');
    const verdict = judge('DROP TABLE hot');
    if (verdict.kind !== 'refuse') throw new Error(verdict.kind);
    expect(verdict.error).to.be.instanceOf(SqlError);
    expect(verdict.error.message).to.equal(
      'The target table Hot of the DROP is not updatable: Shop.Hot is a materialized view; ' +
        'use DROP MATERIALIZED VIEW Shop.Hot',
    );
  });

  it('lets pass what only mentions a view, or means another table', () => {
    const { judge } = gateOf([READY], 'shop');
    for (const sql of [
      'SELECT * FROM hot',
      "INSERT INTO t VALUES ('hot')",
      'INSERT INTO t SELECT * FROM hot',
      'INSERT INTO other.hot VALUES (1)',
      '/* INSERT INTO hot */ SELECT 1',
    ]) {
      expect(judge(sql).kind, sql).to.equal('pass');
    }
  });

  it('knows which database unqualified names mean, once TiDB has said yes', () => {
    const { judge, errno, answered } = gateOf([READY]);
    expect(errno('DELETE FROM hot')).to.equal(undefined);
    answered(judge('USE shop'), 1044);
    expect(errno('DELETE FROM hot')).to.equal(undefined);
    answered(judge('/* c */ use `shop`'));
    expect(errno('DELETE FROM hot')).to.equal(1288);
    answered(judge('other', 'initDb'));
    expect(errno('DELETE FROM hot')).to.equal(undefined);
    answered(judge('SHOP', 'initDb'));
    expect(errno('DELETE FROM hot')).to.equal(1288);
    answered(judge('', 'resetConnection'));
    expect(errno('DELETE FROM hot')).to.equal(1288);
  });

  it('sees through a USE in the same packet', () => {
    const { errno, judge, answered } = gateOf([READY], 'other');
    expect(judge('USE shop; DELETE FROM hot; USE other').kind).to.equal('take');
    expect(judge('USE other; DELETE FROM hot').kind).to.equal('pass');
    answered(judge('USE a; USE shop'));
    expect(errno('DELETE FROM hot')).to.equal(1288);
  });

  it('wants to see the rest of a long statement only when that can matter', () => {
    const head = `INSERT INTO t VALUES (${'1,'.repeat(100)}`;
    expect(gateOf([], 'shop').judge(head, 'query', false).kind).to.equal('pass');
    expect(gateOf([], 'shop').judge('INSERT', 'query', false).kind).to.equal('needMore');
    expect(gateOf([READY], 'shop').judge(head, 'query', false).kind).to.equal('needMore');
    expect(gateOf([], 'shop').judge('sho', 'initDb', false).kind).to.equal('needMore');
    const many = gateOf([], 'shop', [], Capability.multiStatements);
    expect(many.judge(head, 'query', false).kind).to.equal('needMore');
    const ours = `CREATE MATERIALIZED VIEW v AS SELECT ${'1,'.repeat(100)}`;
    expect(gateOf([], 'shop').judge(ours, 'query', false).kind).to.equal('needMore');
  });

  it('refuses to read a view whose table may be wrong', () => {
    const { judge } = gateOf([READY, INVALID], 'shop');
    const verdict = judge('SELECT * FROM bad');
    if (verdict.kind !== 'refuse') throw new Error(verdict.kind);
    expect(verdict.error.errno).to.equal(1356);
    expect(verdict.error.message).to.contain('Shop.bad').and.to.contain('somebody wrote to it');
    expect(judge('SELECT * FROM hot').kind).to.equal('pass');
  });

  it('refuses to take away a column that a view reads', () => {
    const { errno } = gateOf([READY], 'shop');
    expect(errno('ALTER TABLE orders DROP COLUMN price')).to.equal(1105);
    expect(errno('ALTER TABLE orders DROP COLUMN note')).to.equal(undefined);
    expect(errno('ALTER TABLE other.orders DROP COLUMN price')).to.equal(undefined);
  });

  it('keeps writes from the registry', () => {
    const { errno } = gateOf([READY], 'shop');
    for (const sql of [
      'DELETE FROM tiview.views',
      'drop database TiView',
      'UPDATE `tiview`.frontier SET epoch = 1',
    ])
      expect(errno(sql), sql).to.equal(1288);
    expect(errno('SELECT * FROM tiview.views')).to.equal(undefined);
    expect(gateOf([], 'tiview').errno('TRUNCATE views')).to.equal(1288);
  });

  it('takes a KILL of a connection that TiDB knows by another id, and has TiDB told that one', async () => {
    const gates = new ViewGates(
      serviceOf(() => ({ version: 1, systemSchema: 'tiview', views: [] })),
      {
        ...answering(),
        mayBeOurs: (id) => id === 5,
        presentId: (id) => Promise.resolve(id === 5 ? 77 : id),
      },
    );
    const gate = gates.open({ connectionId: 1, user: 'root', database: undefined, capabilities: 0 });
    const judge = (sql: string): Verdict => {
      const bytes = utf8(sql);
      return gate.judge({ kind: 'query', bytes, start: 0, end: bytes.length, isComplete: true });
    };
    expect(judge('KILL QUERY 6').kind).to.equal('pass');
    const verdict = judge('KILL QUERY 5;');
    if (verdict.kind !== 'take') throw new Error(verdict.kind);
    const relayed: string[] = [];
    const relay = (text: Uint8Array): Promise<AnswerOutcome> => {
      relayed.push(Buffer.from(text).toString());
      return Promise.resolve({ errno: 0, status: 2 });
    };
    await verdict.run({ relay } as Partial<SessionAccess> as SessionAccess, {} as AnswerWriter);
    expect(relayed).to.deep.equal(['KILL QUERY 77;']);
  });

  it('looks at the names that there are now', () => {
    let snapshot: NameSnapshot = { version: 0, systemSchema: 'tiview', views: [] };
    const gates = new ViewGates(
      serviceOf(() => snapshot),
      answering(),
    );
    const gate = gates.open({ connectionId: 1, user: '', database: 'shop', capabilities: 0 });
    const bytes = utf8('DELETE FROM hot');
    const judge = (): string =>
      gate.judge({ kind: 'query', bytes, start: 0, end: bytes.length, isComplete: true }).kind;
    expect(judge()).to.equal('pass');
    snapshot = { version: 1, systemSchema: 'tiview', views: [READY] };
    expect(judge()).to.equal('refuse');
  });

  it('remembers what was prepared by name', () => {
    let snapshot: NameSnapshot = { version: 0, systemSchema: 'tiview', views: [] };
    const gates = new ViewGates(
      serviceOf(() => snapshot),
      answering(),
    );
    const gate = gates.open({ connectionId: 1, user: '', database: 'shop', capabilities: 0 });
    const judge = (sql: string): Verdict => {
      const bytes = utf8(sql);
      return gate.judge({ kind: 'query', bytes, start: 0, end: bytes.length, isComplete: true });
    };
    const tell = (verdict: Verdict, errno = 0): void => {
      if (verdict.kind !== 'pass') throw new Error(verdict.kind);
      verdict.answered?.({ errno, status: 2 });
    };
    tell(judge("PREPARE p FROM 'DELETE FROM hot'"));
    tell(judge("PREPARE failed FROM 'DELETE FROM hot'"), 1064);
    tell(judge("PREPARE q FROM 'SELECT * FROM hot'"));
    snapshot = { version: 1, systemSchema: 'tiview', views: [READY] };
    expect(judge('EXECUTE p').kind).to.equal('refuse');
    for (const sql of ['EXECUTE P', 'EXECUTE q', 'EXECUTE failed', 'DEALLOCATE PREPARE q'])
      expect(judge(sql), sql).to.deep.equal({ kind: 'pass' });
    expect(judge('DO 1; EXECUTE q').kind).to.equal('take');
    expect(judge('PREPARE r FROM @v').kind).to.equal('take');
    expect(judge("PREPARE r FROM 'SHOW MATERIALIZED VIEWS'").kind).to.equal('take');
    expect(judge("PREPARE r FROM 'DROP DATABASE shop'").kind).to.equal('refuse');
    tell(judge("PREPARE p FROM 'SELECT 1'"), 1146);
    expect(judge('EXECUTE p').kind).to.equal('refuse');
    tell(judge('DROP PREPARE p'));
    expect(judge('EXECUTE p').kind).to.equal('pass');
  });

  it('forgets what was prepared by name with the session’s state, and keeps only so much of it', () => {
    const { judge, answered } = gateOf([], 'shop');
    const tables = Array.from({ length: 10_000 }, (_, i) => `t${i}`).join();
    let count = 0;
    let verdict = judge(`PREPARE p0 FROM 'DROP TABLE ${tables}'`);
    for (; verdict.kind === 'pass'; verdict = judge(`PREPARE p${count} FROM 'DROP TABLE ${tables}'`)) {
      answered(verdict);
      count++;
    }
    expect([count, verdict.kind === 'refuse' && verdict.error.errno]).to.deep.equal([3, 1461]);
    for (const kind of ['resetConnection', 'changeUser'] as const) {
      answered(judge('', kind), 1045);
      expect(judge(`PREPARE x FROM 'DROP TABLE ${tables}'`).kind).to.equal('refuse');
    }
    answered(judge('', 'resetConnection'));
    expect(judge(`PREPARE x FROM 'DROP TABLE ${tables}'`).kind).to.equal('pass');
  });
});
