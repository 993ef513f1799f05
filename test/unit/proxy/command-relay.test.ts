import { expect } from 'chai';
import { AssertionError } from '../../../src/base/assert.js';
import { NO_BYTES, concatBytes, fromHex, toHex, utf8 } from '../../../src/base/bytes.js';
import { SqlError } from '../../../src/base/errors.js';
import { limits } from '../../../src/base/limits.js';
import type { LocalStatement, StatementGate, StatementKind } from '../../../src/proxy/statement-gate.js';
import { Command } from '../../../src/wire/command.js';
import { parseErr } from '../../../src/wire/err-packet.js';
import { frame, framePayload } from '../../../src/wire/packet-writer.js';
import { ProtocolError } from '../../../src/wire/protocol-error.js';
import { settle } from '../../support/virtual-runtime.js';
import { AnswerPrinter } from '../wire/answers.js';
import { RelayRig, STATUS, message, textOf, wordGate } from './relay-rig.js';

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

describe('command relay', () => {
  it('forwards commands and answers untouched', () => {
    const rig = new RelayRig();
    rig.query('SELECT 1');
    expect(hex(rig.sentToBackend)).to.equal(hex(message(Command.query, 'SELECT 1')));
    expect(rig.relay.isQuiet).to.equal(false);
    rig.server(rows('1'));
    expect(hex(rig.sentToClient)).to.equal(hex(rows('1')));
    expect(rig.relay.isQuiet).to.equal(true);
    expect(rig.counts.commands).to.equal(1);
  });

  it('forwards answers as they come, cut anywhere', () => {
    const rig = new RelayRig().query('SELECT 1');
    for (const byte of rows('1')) {
      rig.server(Uint8Array.of(byte));
      expect(hex(rig.sentToClient)).to.equal(hex(Uint8Array.of(byte)));
    }
  });

  it('shows the gate each statement, and whether it is complete', () => {
    const seen: [StatementKind, string, boolean][] = [];
    const gate: StatementGate = {
      judge: (statement) => {
        seen.push([statement.kind, textOf(statement), statement.isComplete]);
        return { kind: 'pass' };
      },
    };
    const rig = new RelayRig(gate);
    const cut = message(Command.query, 'SELECT 2');
    rig.query('SELECT 1').client(cut.subarray(0, 11), cut.subarray(11));
    rig.command(Command.stmtPrepare, 'SELECT ?').command(Command.initDb, 'db').command(Command.ping);
    rig
      .command(Command.changeUser, 'u\0')
      .command(Command.resetConnection)
      .command(Command.stmtClose, fromHex('01000000'));
    expect(seen).to.deep.equal([
      ['query', 'SELECT 1', true],
      ['query', 'SELECT', false],
      ['prepare', 'SELECT ?', true],
      ['initDb', 'db', true],
      ['changeUser', 'u\0', true],
      ['resetConnection', '', true],
    ]);
  });

  it('tells a gate that wants to know how a statement was answered', () => {
    const outcomes: unknown[] = [];
    const rig = new RelayRig({
      judge: (statement) => {
        const text = textOf(statement);
        return { kind: 'pass', answered: (outcome) => outcomes.push([text, outcome]) };
      },
    });
    rig.query('a').query('b').command(Command.changeUser, 'u\0');
    rig.server(print.begin().ok(3).take(), print.begin().err(1146).take(), ok());
    expect(outcomes).to.deep.equal([
      ['a', { errno: 0, status: 3 }],
      ['b', { errno: 1146, status: 3 }],
      ['u\0', { errno: 0, status: STATUS }],
    ]);
  });

  describe('refused statements', () => {
    it('are answered here, and not forwarded', () => {
      const rig = new RelayRig(wordGate(okAnswer)).query('refuse this');
      expect(rig.sentToBackend).to.have.length(0);
      const sent = rig.sentToClient;
      expect(sent[3]).to.equal(1);
      expect(parseErr(sent.subarray(4))).to.deep.equal({
        errno: 1235,
        sqlState: '42000',
        message: 'not that',
      });
    });

    it('are answered in their turn', () => {
      const rig = new RelayRig(wordGate(okAnswer)).query('SELECT 1').query('refuse').query('SELECT 2');
      expect(hex(rig.sentToBackend)).to.equal(hex(message(Command.query, 'SELECT 1')));
      expect(rig.sentToClient).to.have.length(0);
      rig.server(rows('1'));
      const sent = rig.sentToClient.toString('latin1');
      expect(sent.startsWith(Buffer.from(rows('1')).toString('latin1'))).to.equal(true);
      expect(sent).to.match(/#42000not that$/);
      expect(hex(rig.sentToBackend)).to.equal(hex(message(Command.query, 'SELECT 2')));
    });

    it('are refused before they are complete, and their rest is dropped', () => {
      const rig = new RelayRig(wordGate(okAnswer));
      const bytes = concatBytes(
        message(Command.query, `refuse ${'x'.repeat(1000)}`),
        message(Command.query, 'SELECT 1'),
      );
      for (let at = 0; at < bytes.length; at += 7) rig.client(bytes.slice(at, at + 7));
      expect(rig.sentToClient.toString('latin1')).to.match(/not that$/);
      expect(hex(rig.sentToBackend)).to.equal(hex(message(Command.query, 'SELECT 1')));
    });

    it('of several packets are answered after the last one', () => {
      const rig = new RelayRig(wordGate(okAnswer));
      rig.client(message(Command.query, `refuse ${'x'.repeat(0xff_ff_ff)}`));
      expect(rig.sentToClient[3]).to.equal(2);
    });
  });

  describe('held statements', () => {
    it('are forwarded as they came when they may pass', () => {
      const bytes = message(Command.query, `hold ${'x'.repeat(50)}`);
      for (let cut = 0; cut <= bytes.length; cut++) {
        const rig = new RelayRig(wordGate(okAnswer)).client(bytes.slice(0, cut));
        if (cut < bytes.length) expect(rig.sentToBackend, `${cut} bytes`).to.have.length(0);
        rig.client(bytes.slice(cut));
        if (cut < bytes.length) expect(hex(rig.sentToBackend)).to.equal(hex(bytes));
        rig.server(ok());
        expect(rig.relay.isQuiet).to.equal(true);
      }
    });

    it('are shown whole, also when they span packets', () => {
      const text = `hold${'y'.repeat(0xff_ff_ff + 10)}`;
      let seen = '';
      const rig = new RelayRig({
        judge: (statement) => {
          if (!statement.isComplete) return { kind: 'needMore' };
          seen = textOf(statement);
          return { kind: 'pass' };
        },
      });
      const bytes = message(Command.query, text);
      rig.client(bytes.slice(0, 5_000_000), bytes.slice(5_000_000));
      expect(seen.length).to.equal(text.length);
      expect(seen === text).to.equal(true);
      expect(Buffer.compare(rig.sentToBackend, bytes)).to.equal(0);
    });

    it('may be refused when they are complete', () => {
      const bytes = message(Command.query, 'holdrefuse something long');
      const rig = new RelayRig(wordGate(okAnswer)).client(bytes.slice(0, 9), bytes.slice(9));
      expect(rig.sentToClient.toString('latin1')).to.match(/not that$/);
      expect(rig.sentToBackend).to.have.length(0);
    });

    it('are refused when they grow too long, and the session goes on', () => {
      const rig = new RelayRig(wordGate(okAnswer));
      const bytes = message(Command.query, Buffer.alloc(limits.statementBytes + 100, 'hold'));
      for (let at = 0; at < bytes.length; at += 1 << 20) rig.client(bytes.slice(at, at + (1 << 20)));
      expect(rig.sentToClient.toString('latin1')).to.match(/#08S01Got a statement of over/);
      expect(rig.sentToBackend).to.have.length(0);
      rig.query('SELECT 1');
      expect(hex(rig.sentToBackend)).to.equal(hex(message(Command.query, 'SELECT 1')));
    });
  });

  describe('files', () => {
    const request = frame(1, (out) => out.u8(0xfb).utf8('file'));

    it('pass, packet by packet, until an empty one', () => {
      const rig = new RelayRig(wordGate(okAnswer)).query('LOAD DATA LOCAL').server(request);
      rig.sentToBackend.fill(0);
      const file = concatBytes(
        // Contents that look like commands; a full packet with its empty continuation; sequence id 0 in the middle.
        framePayload(2, utf8('\u0003refuse this')),
        framePayload(3, new Uint8Array(0xff_ff_ff)),
        framePayload(0, utf8('\u0003take this')),
        framePayload(1, NO_BYTES),
      );
      rig.client(
        file.slice(0, 2),
        file.slice(2, 40),
        file.slice(40, file.length - 3),
        file.slice(file.length - 3),
      );
      expect(Buffer.compare(rig.sentToBackend, Buffer.from(file))).to.equal(0);
      rig.server(print.begin(5).ok(STATUS).take());
      expect(rig.relay.isQuiet).to.equal(true);
      rig.query('refuse');
      expect(rig.sentToBackend).to.have.length(0);
    });

    it('may be refused in the middle: the rest of the file is no command', () => {
      const rig = new RelayRig(wordGate(okAnswer)).query('LOAD DATA LOCAL').server(request);
      rig.client(framePayload(2, utf8('\u0003refuse')));
      rig.server(print.begin(3).err(1045).take());
      expect(rig.relay.isQuiet).to.equal(false);
      rig.client(framePayload(3, utf8('\u0003refuse')), framePayload(4, NO_BYTES));
      expect(rig.relay.isQuiet).to.equal(true);
      expect(rig.sentToClient.toString('latin1')).not.to.match(/not that/);
    });

    it('cannot be asked for when the client has sent something else already', () => {
      for (const early of [
        message(Command.query, 'SELECT 1'),
        message(Command.query, 'take it'),
        fromHex('01'),
        fromHex('0500000003'),
      ]) {
        const rig = new RelayRig(wordGate(okAnswer)).query('LOAD DATA LOCAL').client(early).server(request);
        expect(rig.endedBy).to.be.instanceOf(ProtocolError);
        expect(rig.sentToClient.toString('latin1')).to.match(/#HY000commands were sent before the file/);
      }
    });
  });

  it('forwards the client’s part of a change of user', () => {
    const rig = new RelayRig().command(Command.changeUser, 'u\0');
    rig.server(frame(1, (out) => out.u8(0xfe).utf8('plugin\0salt')));
    rig.sentToBackend.fill(0);
    rig.client(framePayload(2, utf8('proof')));
    expect(hex(rig.sentToBackend)).to.equal(hex(framePayload(2, utf8('proof'))));
    rig.server(frame(3, (out) => out.u8(0xfe).utf8('plugin\0salt'))).client(framePayload(4, NO_BYTES));
    rig.server(print.begin(5).ok(STATUS).take());
    expect(rig.endedBy).to.equal(undefined);
    expect(rig.relay.isQuiet).to.equal(true);
  });

  it('does not let a change of user ask for a password that somebody could read', () => {
    for (const isExposed of [false, true]) {
      const rig = new RelayRig().query('a').command(Command.changeUser, 'u\0');
      rig.isPasswordExposed = isExposed;
      const asking = framePayload(1, Uint8Array.of(1, 4));
      rig.server(concatBytes(ok(), asking));
      const client = rig.sentToClient;
      expect(hex(client.subarray(0, ok().length))).to.equal(hex(ok()));
      const last = client.subarray(ok().length);
      if (isExposed) {
        expect(last[3]).to.equal(1);
        expect(parseErr(last.subarray(4)).errno).to.equal(3159);
        expect(rig.endedBy).to.be.instanceOf(SqlError);
      } else {
        expect(hex(last)).to.equal(hex(asking));
        expect(rig.endedBy).to.equal(undefined);
      }
    }
  });

  describe('bounds', () => {
    it('let only so many commands go unanswered', () => {
      const rig = new RelayRig();
      const many = limits.pipelinedCommands + 10;
      rig.client(concatBytes(...Array.from({ length: many }, () => message(Command.ping))));
      expect(rig.sentToBackend.length).to.equal(5 * limits.pipelinedCommands);
      rig.server(ok());
      expect(rig.sentToBackend.length).to.equal(5);
      for (let i = 0; i < many - 1; i++) rig.server(ok());
      expect(rig.sentToBackend.length).to.equal(5 * 9);
      expect(rig.relay.isQuiet).to.equal(true);
    });

    it('stop reading from a client whose input waits', async () => {
      let finish: () => void = () => undefined;
      const rig = new RelayRig(
        wordGate(async (_session, answer) => {
          await new Promise<void>((resolve) => (finish = resolve));
          answer.ok();
        }),
      ).query('take it');
      await settle();
      const chunk = message(Command.query, 'x'.repeat(limits.heldInputBytes / 2));
      rig.client(chunk);
      expect(rig.isClientHeld).to.equal(false);
      rig.client(chunk);
      expect(rig.isClientHeld).to.equal(true);
      finish();
      await settle();
      expect(rig.isClientHeld).to.equal(false);
      expect(rig.sentToBackend.length).to.equal(2 * chunk.length);
    });
  });

  describe('what cannot be followed', () => {
    it('from the client is answered after what came before it', () => {
      const rig = new RelayRig().client(
        concatBytes(message(Command.query, 'SELECT 1'), framePayload(3, utf8('\u0003x'))),
      );
      expect(hex(rig.sentToBackend)).to.equal(hex(message(Command.query, 'SELECT 1')));
      expect(rig.endedBy).to.equal(undefined);
      rig.query('ignored').server(rows('1'));
      expect(rig.endedBy).to.be.instanceOf(ProtocolError);
      expect(rig.sentToClient.toString('latin1')).to.match(
        /#HY000packets out of order: 3 begins no command$/,
      );
      expect(rig.sentToBackend).to.have.length(0);
    });

    it('from the client in the middle of a statement ends the session at once', () => {
      const bytes = message(Command.query, 'x'.repeat(0xff_ff_ff + 10));
      bytes[0xff_ff_ff + 4 + 3] = 9;
      const rig = new RelayRig().client(bytes);
      expect(rig.endedBy).to.be.instanceOf(ProtocolError);
      expect(rig.sentToClient.toString('latin1')).to.match(/packets out of order$/);
    });

    it('from the server ends the session after what could be', () => {
      const rig = new RelayRig().query('SELECT 1').query('SELECT 2');
      rig.server(concatBytes(rows('1'), print.begin().columns(1, 0).take(), print.begin(9).row('x').take()));
      expect(rig.endedBy).to.be.instanceOf(ProtocolError);
      const sent = rig.sentToClient;
      const good = concatBytes(rows('1'), print.begin().columns(1, 0).take());
      expect(hex(sent.subarray(0, good.length))).to.equal(hex(good));
      const err = sent.subarray(good.length);
      expect(err[3]).to.equal(3);
      expect(parseErr(err.subarray(4)).message).to.match(/lost track/);
      rig.server(ok()).query('SELECT 3');
      expect(rig.sentToClient).to.have.length(0);
    });

    it('from the server in the middle of a message ends the session without another word', () => {
      const rig = new RelayRig().query('SELECT 1');
      const bad = print
        .begin()
        .message((out) => out.u8(0xfc).u16le(0))
        .take();
      rig.server(bad.slice(0, 5)).sentToClient.fill(0);
      rig.server(bad.slice(5));
      expect(rig.endedBy).to.be.instanceOf(ProtocolError);
      expect(rig.sentToClient).to.have.length(0);
    });

    it('of an answer to a statement of our own ends the session and tells the client', async () => {
      const rig = new RelayRig(
        wordGate(async (session, answer) => {
          await session.query('a', session.signal);
          answer.ok();
        }),
      ).query('take it');
      await settle();
      rig.server(
        print
          .begin()
          .message((out) => out.u8(0xfc).u16le(0))
          .take(),
      );
      await settle();
      expect(rig.endedBy).to.be.instanceOf(ProtocolError);
      expect(rig.sentToClient.toString('latin1')).to.match(/no columns$/);
      expect(rig.runtime.crashes).to.deep.equal([]);
    });
  });

  describe('a gate that asks for what cannot be', () => {
    it('is a bug', () => {
      const asking = new RelayRig({ judge: () => ({ kind: 'needMore' }) });
      expect(() => asking.query('x')).to.throw(AssertionError, 'asked for more');
      const taking = new RelayRig({ judge: () => ({ kind: 'take', run: okAnswer }) });
      expect(() => taking.client(message(Command.query, 'x'.repeat(20)).slice(0, 12))).to.throw(
        AssertionError,
        'not seen whole',
      );
    });
  });
});
