import { expect } from 'chai';
import { concatBytes, fromHex, toHex, utf8 } from '../../../src/base/bytes.js';
import { LimitError, SqlError } from '../../../src/base/errors.js';
import { limits } from '../../../src/base/limits.js';
import type { LocalStatement } from '../../../src/proxy/statement-gate.js';
import { Command } from '../../../src/wire/command.js';
import { frame } from '../../../src/wire/packet-writer.js';
import type { TextResult } from '../../../src/wire/text-result-reader.js';
import { settle } from '../../support/virtual-runtime.js';
import { AnswerPrinter, column } from '../wire/answers.js';
import { RelayRig, STATUS, message, wordGate } from './relay-rig.js';

const print = new AnswerPrinter(true);
const ok = (): Uint8Array => print.begin().ok(STATUS).take();
const rows = (...cells: string[]): Uint8Array => {
  print.begin().columns(1, 0);
  for (const cell of cells) print.row(cell);
  return print.rowsEnd(STATUS).take();
};
const okAnswer: LocalStatement = (_session, answer) => {
  answer.ok({ info: 'ours' });
  return Promise.resolve();
};
const hex = (bytes: Uint8Array): string => toHex(bytes);

describe('taken statements', () => {
  it('are answered here', async () => {
    const rig = new RelayRig(wordGate(okAnswer)).query('take it');
    await settle();
    expect(rig.sentToBackend).to.have.length(0);
    const sent = rig.sentToClient;
    expect(sent.toString('latin1')).to.match(/ours$/);
    expect([sent[3], sent[7]]).to.deep.equal([1, STATUS]);
    expect(rig.relay.isQuiet).to.equal(true);
  });

  it('wait for the answers before them, and hold what comes after them', async () => {
    let hasBegun = false;
    let finish: () => void = () => undefined;
    const rig = new RelayRig(
      wordGate(async (_session, answer) => {
        hasBegun = true;
        await new Promise<void>((resolve) => (finish = resolve));
        answer.ok();
      }),
    );
    rig.client(
      concatBytes(
        message(Command.query, 'SELECT 1'),
        message(Command.query, 'take it'),
        message(Command.query, 'SELECT 2'),
      ),
    );
    rig.query('SELECT 3');
    await settle();
    expect(hasBegun).to.equal(false);
    expect(hex(rig.sentToBackend)).to.equal(hex(message(Command.query, 'SELECT 1')));
    rig.server(rows('1'));
    await settle();
    expect(hasBegun).to.equal(true);
    expect(hex(rig.sentToClient)).to.equal(hex(rows('1')));
    expect(rig.sentToBackend).to.have.length(0);
    expect(rig.relay.isQuiet).to.equal(false);
    finish();
    await settle();
    expect(rig.sentToClient).to.have.length(11);
    expect(hex(rig.sentToBackend)).to.equal(
      hex(concatBytes(message(Command.query, 'SELECT 2'), message(Command.query, 'SELECT 3'))),
    );
  });

  it('run statements of their own on the session, which the client does not see', async () => {
    const results: TextResult[] = [];
    const rig = new RelayRig(
      wordGate(async (session, answer) => {
        expect([session.connectionId, session.status]).to.deep.equal([7, STATUS]);
        results.push(await session.query('SELECT a', session.signal));
        results.push(await session.query('BEGIN', session.signal));
        expect(session.status).to.equal(STATUS | 1);
        answer.ok();
      }),
    ).query('take it');
    await settle();
    expect(hex(rig.sentToBackend)).to.equal(hex(message(Command.query, 'SELECT a')));
    const answer = rows('x', 'y');
    rig.server(answer.slice(0, 20), answer.slice(20));
    await settle();
    expect(hex(rig.sentToBackend)).to.equal(hex(message(Command.query, 'BEGIN')));
    expect(rig.sentToClient).to.have.length(0);
    rig.server(
      print
        .begin()
        .ok(STATUS | 1)
        .take(),
    );
    await settle();
    expect(results[0]?.rows.map(([cell]) => cell?.toString())).to.deep.equal(['x', 'y']);
    expect(results[1]?.affectedRows).to.equal(70_000n);
    // The transaction is open for the client too.
    expect(rig.sentToClient[7]).to.equal(STATUS | 1);
    expect(rig.relay.isQuiet).to.equal(false);
  });

  it('get TiDB’s errors as such', async () => {
    let error: unknown;
    const rig = new RelayRig(
      wordGate(async (session) => {
        error = await session.query('bad', session.signal).catch((reason: unknown) => reason);
        throw error;
      }),
    ).query('take it');
    await settle();
    rig.server(print.begin().err(1146).take());
    await settle();
    expect(error).to.be.instanceOf(SqlError);
    expect(error).to.include({ errno: 1146, sqlState: '42000', message: 'no such thing' });
    expect(rig.sentToClient.toString('latin1')).to.match(/#42000no such thing$/);
  });

  it('may ask for several statements at once: they run one after the other', async () => {
    const rig = new RelayRig(
      wordGate(async (session, answer) => {
        await Promise.all(['a', 'b', 'c'].map((sql) => session.query(sql, session.signal)));
        answer.ok();
      }),
    ).query('take it');
    for (const sql of ['a', 'b', 'c']) {
      await settle();
      expect(hex(rig.sentToBackend)).to.equal(hex(message(Command.query, sql)));
      rig.server(ok());
    }
    await settle();
    expect(rig.sentToClient).to.have.length(11);
  });

  it('answer with rows, in the middle of which the client may stop reading', async () => {
    const wide = 'x'.repeat(1000);
    const rig = new RelayRig(
      wordGate(async (session, answer) => {
        answer.columns([column]);
        for (let i = 0; i < 10; i++)
          await answer.rows(
            Array.from({ length: 100 }, () => [wide]),
            session.signal,
          );
        answer.end(1);
      }),
    );
    rig.hasRoom = false;
    rig.query('take it');
    await settle();
    const first = rig.sentToClient.length;
    expect(first).to.be.within(limits.localAnswerBytes, 2 * limits.localAnswerBytes);
    rig.hasRoom = true;
    rig.makeRoom();
    await settle();
    expect(first + rig.sentToClient.length).to.be.greaterThan(1_000_000);
    expect(rig.relay.isQuiet).to.equal(true);
  });

  it('may send a part of their answer at once', async () => {
    const rig = new RelayRig(
      wordGate(async (session, answer) => {
        answer.columns([column]);
        await answer.rows([['1']], session.signal);
        await answer.flush(session.signal);
        await session.query('wait', session.signal);
        answer.end();
      }),
    ).query('take it');
    await settle();
    expect(hex(rig.sentToClient)).to.equal(hex(print.begin().columns(1, STATUS).row('1').take()));
    rig.server(ok());
    await settle();
    expect(rig.sentToClient[3]).to.equal(4);
  });

  it('are interrupted as by KILL QUERY', async () => {
    const rig = new RelayRig(
      wordGate(
        (session) =>
          new Promise((_resolve, reject) =>
            session.signal.addEventListener('abort', () => reject(session.signal.reason as Error)),
          ),
      ),
    );
    expect(rig.relay.interrupt()).to.equal(false);
    rig.query('take it');
    await settle();
    expect(rig.relay.interrupt()).to.equal(true);
    await settle();
    expect(rig.sentToClient.toString('latin1')).to.match(/#70100Query execution was interrupted$/);
    expect(rig.relay.isQuiet).to.equal(true);
  });

  it('may be interrupted while a statement of theirs runs: its answer is read all the same', async () => {
    const rig = new RelayRig(
      wordGate(async (session, answer) => {
        await session.query('slow', session.signal);
        answer.ok();
      }),
    ).query('take it');
    await settle();
    rig.relay.interrupt();
    rig.query('SELECT 1');
    await settle();
    expect(rig.sentToClient.toString('latin1')).to.match(/interrupted$/);
    expect(hex(rig.sentToBackend)).to.equal(hex(message(Command.query, 'slow')));
    rig.server(rows('late'));
    await settle();
    expect(hex(rig.sentToBackend)).to.equal(hex(message(Command.query, 'SELECT 1')));
    rig.server(rows('1'));
    expect(hex(rig.sentToClient)).to.equal(hex(rows('1')));
  });

  it('are aborted when the client goes', async () => {
    let reason: unknown;
    const rig = new RelayRig(
      wordGate(
        (session) =>
          new Promise((_resolve, reject) =>
            session.signal.addEventListener('abort', () => reject((reason = session.signal.reason) as Error)),
          ),
      ),
    ).query('take it');
    await settle();
    const gone = new LimitError('gone');
    expect(rig.relay.isAnswering).to.equal(true);
    rig.relay.end(gone);
    await settle();
    expect(reason).to.equal(gone);
    expect(rig.sentToClient.toString('latin1')).to.match(/#HY000gone$/);
    expect(rig.runtime.crashes).to.deep.equal([]);
  });

  it('that wait for an answer when the session ends hear of it', async () => {
    let error: unknown;
    const rig = new RelayRig(
      wordGate(async (session, answer) => {
        error = await session.query('a', new AbortController().signal).catch((reason: unknown) => reason);
        answer.ok();
      }),
    ).query('take it');
    await settle();
    const gone = new LimitError('gone');
    rig.relay.end(gone);
    await settle();
    expect(error).to.equal(gone);
    expect(rig.runtime.crashes).to.deep.equal([]);
  });

  it('that forget to answer, or fail by a bug, are answered for, and the bug is heard of', async () => {
    for (const bug of [() => Promise.resolve(), () => Promise.reject(new TypeError('a bug'))]) {
      const rig = new RelayRig(wordGate(bug)).query('take it');
      await settle();
      expect(rig.sentToClient.toString('latin1')).to.match(/#HY000/);
      expect(rig.runtime.crashes).to.have.length(1);
      expect(rig.relay.isQuiet).to.equal(true);
    }
  });

  it('get an error for an answer that is too large, and the session goes on', async () => {
    let error: unknown;
    const rig = new RelayRig(
      wordGate(async (session, answer) => {
        error = await session.query('large', session.signal).catch((reason: unknown) => reason);
        answer.ok();
      }),
    ).query('take it');
    await settle();
    print.begin().columns(1, 0);
    rig.server(print.take());
    for (let i = 0; i < 18; i++) rig.server(print.row(Buffer.alloc(1 << 20)).take());
    rig.server(print.rowsEnd(STATUS).take());
    await settle();
    expect(error).to.be.instanceOf(LimitError);
    expect(rig.relay.isQuiet).to.equal(true);
  });

  it('that load a local file by a statement of their own load an empty one', async () => {
    const rig = new RelayRig(
      wordGate(async (session, answer) => {
        await session.query('LOAD DATA LOCAL', session.signal);
        answer.ok();
      }),
    ).query('take it');
    await settle();
    expect(rig.sentToBackend).not.to.have.length(0);
    rig.server(frame(1, (out) => out.u8(0xfb).utf8('/etc/passwd')));
    expect(hex(rig.sentToBackend)).to.equal('00000002');
    rig.server(print.begin(3).ok(STATUS).take());
    await settle();
    expect(rig.sentToClient).to.have.length(11);
  });
});

describe('prepared statements that are taken', () => {
  const answerRows: LocalStatement = async (session, answer) => {
    answer.columns([{ ...column, type: 8 }, column]);
    await answer.rows([['5', 'five']], session.signal);
    answer.end();
  };
  const prepare = (rig: RelayRig): Uint8Array => {
    rig.command(Command.stmtPrepare, 'take it');
    const sent = rig.sentToClient;
    expect(hex(sent.subarray(0, 5))).to.equal('0c00000100');
    expect(hex(sent.subarray(9))).to.equal('00000000000000');
    return sent.subarray(5, 9);
  };

  it('are executed here, with binary rows', async () => {
    const rig = new RelayRig(wordGate(answerRows));
    const id = prepare(rig);
    for (let i = 0; i < 2; i++) {
      rig.command(Command.stmtExecute, concatBytes(id, fromHex('0001000000')));
      await settle();
      expect(hex(rig.sentToClient)).to.include(
        hex(concatBytes(fromHex('0000' + '0500000000000000' + '04'), utf8('five'))),
      );
    }
    expect(rig.sentToBackend).to.have.length(0);
  });

  it('are reset and closed here, and never fetched from', () => {
    const rig = new RelayRig(wordGate(answerRows));
    const id = prepare(rig);
    rig.command(Command.stmtSendLongData, concatBytes(id, fromHex('000000')));
    rig.command(Command.stmtReset, id);
    expect(hex(rig.sentToClient)).to.equal('07000001' + '00000002000000');
    rig.command(Command.stmtFetch, concatBytes(id, fromHex('01000000')));
    expect(rig.sentToClient.toString('latin1')).to.match(/given to stmt_fetch/);
    rig.command(Command.stmtClose, id);
    expect(rig.sentToBackend).to.have.length(0);
    expect(rig.relay.isQuiet).to.equal(true);
    // Closed: TiDB says that there is none such.
    rig.command(Command.stmtExecute, concatBytes(id, fromHex('0001000000')));
    expect(rig.sentToBackend).not.to.have.length(0);
  });

  it('leave TiDB’s own alone', () => {
    const rig = new RelayRig(wordGate(answerRows));
    prepare(rig);
    rig.command(Command.stmtExecute, fromHex('010000000001000000'));
    expect(hex(rig.sentToBackend)).to.equal(hex(message(Command.stmtExecute, fromHex('010000000001000000'))));
  });

  it('are gone after the session was reset, unless that failed', () => {
    for (const command of [Command.resetConnection, Command.changeUser]) {
      const rig = new RelayRig(wordGate(answerRows));
      const id = prepare(rig);
      rig.command(command, 'x').server(print.begin().err(1045).take());
      rig.sentToBackend.fill(0);
      rig.command(Command.stmtReset, id);
      expect(rig.sentToBackend).to.have.length(0);
      rig.command(command, 'x').server(ok());
      rig.sentToBackend.fill(0);
      rig.command(Command.stmtReset, id);
      expect(rig.sentToBackend).not.to.have.length(0);
    }
  });

  it('are bounded in number', () => {
    const rig = new RelayRig(wordGate(answerRows));
    for (let i = 0; i < limits.localPreparedStatements; i++) prepare(rig);
    rig.command(Command.stmtPrepare, 'take it');
    expect(rig.sentToClient.toString('latin1')).to.match(/#42000Can't create more than/);
  });
});
