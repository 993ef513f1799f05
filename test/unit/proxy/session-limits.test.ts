// What one session may do: change its user, be silent, send much.
import { expect } from 'chai';
import { NO_BYTES, concatBytes, toHex, utf8 } from '../../../src/base/bytes.js';
import { Admission } from '../../../src/proxy/admission.js';
import { DEFAULT_CLIENT_LIMITS } from '../../../src/proxy/client-limits.js';
import { passwordInClear } from '../../../src/proxy/proxy-errors.js';
import { OPEN_GATES, PASS, type StatementGate } from '../../../src/proxy/statement-gate.js';
import { SessionUser } from '../../../src/proxy/session-user.js';
import { Silence } from '../../../src/proxy/silence.js';
import { Capability } from '../../../src/wire/capability.js';
import { printChangeUser } from '../../../src/wire/com-change-user.js';
import { Command } from '../../../src/wire/command.js';
import { parseErr } from '../../../src/wire/err-packet.js';
import { frame, framePayload } from '../../../src/wire/packet-writer.js';
import { AnswerPrinter } from '../wire/answers.js';
import { LoginRig, greet, ok, respond } from './login-rig.js';
import { RelayRig, STATUS, message } from './relay-rig.js';

const changeTo = (user: string): Uint8Array =>
  frame(0, (out) =>
    printChangeUser(
      {
        ...{ user, authData: NO_BYTES, database: '' },
        ...{ collation: undefined, authPlugin: undefined, attributes: undefined },
      },
      Capability.protocol41,
      out,
    ),
  );
const payloadOf = (packet: Uint8Array): Uint8Array => packet.subarray(4);
const answered = (errno: number): { errno: number; status: number } => ({ errno, status: STATUS });

describe('the user of a session', () => {
  const admission = (): Admission => new Admission({ ...DEFAULT_CLIENT_LIMITS, connectionsPerUser: 1 }, 0);
  const session = (counts: Admission, user: string): SessionUser => {
    expect(counts.enterUser(user)).to.equal(undefined);
    return new SessionUser({
      ...{ name: user, capabilities: Capability.protocol41, admission: counts },
      passwordRefusal: () => undefined,
    });
  };

  it('is another when TiDB agrees, and makes room for one of the first', () => {
    const counts = admission();
    const user = session(counts, 'ann');
    const change = user.change(payloadOf(changeTo('bob')));
    if (change.kind !== 'pass') throw new Error('refused');
    expect(user.name).to.equal('ann');
    change.answered?.(answered(0));
    expect(user.name).to.equal('bob');
    expect(counts.enterUser('bob')?.errno).to.equal(1203);
    expect(counts.enterUser('ann')).to.equal(undefined);
    counts.leaveUser('ann');
    user.end();
    expect(counts.tracked).to.equal(0);
  });

  it('stays the same when TiDB does not agree', () => {
    const counts = admission();
    const user = session(counts, 'ann');
    const change = user.change(payloadOf(changeTo('bob')));
    if (change.kind !== 'pass') throw new Error('refused');
    change.answered?.(answered(1045));
    expect(user.name).to.equal('ann');
    expect(counts.enterUser('bob')).to.equal(undefined);
    counts.leaveUser('bob');
    user.end();
    expect(counts.tracked).to.equal(0);
  });

  it('may not be one who has too many connections, but may always be who he is', () => {
    const counts = admission();
    const user = session(counts, 'ann');
    session(counts, 'bob');
    const change = user.change(payloadOf(changeTo('bob')));
    expect(change.kind === 'refuse' && change.error.errno).to.equal(1203);
    expect(user.change(payloadOf(changeTo('ann'))).kind).to.equal('pass');
  });

  it('does not change by a password that somebody could read', () => {
    for (const authPlugin of ['mysql_clear_password', 'mysql_native_password']) {
      const heard: string[] = [];
      const user = new SessionUser({
        ...{ name: 'ann', capabilities: 0xff_ff_ff_ff, admission: admission() },
        passwordRefusal: passwordInClear,
        changed: (newUser, errno) => heard.push(`${newUser} ${errno}`),
      });
      const change = { user: 'bob', authData: utf8('secret'), database: '', collation: 46, authPlugin };
      const packet = frame(0, (out) => printChangeUser({ ...change, attributes: [] }, 0xff_ff_ff_ff, out));
      const isClear = authPlugin === 'mysql_clear_password';
      expect(user.change(payloadOf(packet)).kind).to.equal(isClear ? 'refuse' : 'pass');
      expect(heard).to.deep.equal(isClear ? ['bob 3159'] : []);
    }
  });

  it('leaves nothing behind when the session ends in the middle of a change', () => {
    const counts = admission();
    const user = session(counts, 'ann');
    const change = user.change(payloadOf(changeTo('bob')));
    user.end();
    if (change.kind === 'pass') change.answered?.(answered(0));
    expect(counts.tracked).to.equal(0);
    expect(user.change(Uint8Array.of(Command.changeUser, 0x41)).kind).to.equal('pass');
  });

  it('is asked about when the whole command is there, in pieces or not', () => {
    const asked: string[] = [];
    const rig = new RelayRig(
      OPEN_GATES.open({ connectionId: 1, user: '', database: '', capabilities: 0 }),
      0,
      0,
      (payload) => {
        asked.push(toHex(payload));
        return { kind: 'pass' };
      },
    );
    const packet = changeTo('bob');
    rig.client(packet.slice(0, 7), packet.slice(7));
    expect(asked).to.deep.equal([toHex(payloadOf(packet))]);
    expect(toHex(rig.sentToBackend)).to.equal(toHex(packet));
  });
});

describe('a login that TiDB has accepted', () => {
  it('is refused where the user has too many connections, by a packet in the place of OK', () => {
    const rig = new LoginRig();
    rig.refused = 'u';
    rig.backend(greet()).client(respond(1));
    rig.take();
    const [event = '', ...others] = rig.backend(ok(2)).take();
    expect(others).to.deep.equal([]);
    const err = Buffer.from(event.replace('end ', ''), 'hex');
    expect([event.slice(0, 3), err[3], parseErr(err.subarray(4)).errno]).to.deep.equal(['end', 2, 1203]);
    expect(rig.login).to.equal(undefined);
  });

  it('is not waited for while a client sends without end before it is greeted', () => {
    const rig = new LoginRig();
    for (let i = 0; i < 5; i++) rig.client(new Uint8Array(64 * 1024));
    expect(rig.take().join()).to.match(/^end .*/);
  });
});

describe('silence', () => {
  const quiet = { isAwaitingCommand: true, isQuiet: true };
  const limits = { idleMs: 1000, idleTransactionMs: 0 };

  it('is too long after the time given, counted from the last thing sent or answered', () => {
    const silence = new Silence(limits, 0);
    const looks = [
      [10, 200, quiet],
      [10, 1100, quiet],
      [20, 1150, quiet],
      [20, 2100, { isAwaitingCommand: false, isQuiet: false }],
      [20, 3050, quiet],
      [20, 3100, quiet],
    ] as const;
    expect(looks.map(([bytes, ms, session]) => silence.isTooLong(session, bytes, ms))).to.deep.equal([
      ...[false, false, false, false, false],
      true,
    ]);
  });

  it('may last for ever in a transaction, unless told', () => {
    const inTransaction = { isAwaitingCommand: true, isQuiet: false };
    const silence = new Silence(limits, 0);
    silence.isTooLong(inTransaction, 1, 0);
    expect(silence.isTooLong(inTransaction, 1, 1_000_000)).to.equal(false);
    const told = new Silence({ idleMs: 0, idleTransactionMs: 500 }, 0);
    told.isTooLong(inTransaction, 1, 0);
    expect(told.isTooLong(quiet, 1, 1_000_000)).to.equal(false);
    expect(told.isTooLong(inTransaction, 1, 1_000_500)).to.equal(true);
  });

  it('is known by what is under way on a session', () => {
    const rig = new RelayRig();
    expect([rig.relay.isAwaitingCommand, rig.relay.isQuiet]).to.deep.equal([true, true]);
    rig.query('BEGIN');
    expect([rig.relay.isAwaitingCommand, rig.relay.isQuiet]).to.deep.equal([false, false]);
    rig.server(
      new AnswerPrinter(true)
        .begin()
        .ok(STATUS | 1)
        .take(),
    );
    expect([rig.relay.isAwaitingCommand, rig.relay.isQuiet]).to.deep.equal([true, false]);
  });
});

describe('the largest packet', () => {
  const gate: StatementGate = { judge: () => PASS };
  const rigOf = (maxBytes: number): RelayRig => new RelayRig(gate, Capability.deprecateEof, maxBytes);
  const errOf = (rig: RelayRig): unknown => {
    const bytes = rig.sentToClient;
    const err = parseErr(bytes.subarray(4));
    return [bytes[3], err.errno, err.sqlState, err.message];
  };
  const tooLarge = "Got a packet bigger than 'max_allowed_packet' bytes";

  it('passes, and the next larger one ends the session before TiDB hears of it', () => {
    const rig = rigOf(10);
    rig.query('123456789');
    expect(rig.sentToBackend).to.have.lengthOf(14);
    rig.server(new AnswerPrinter(true).begin().ok(STATUS).take());
    rig.sentToClient;
    rig.query('1234567890');
    expect(rig.sentToBackend).to.have.lengthOf(0);
    expect(errOf(rig)).to.deep.equal([1, 1153, '08S01', tooLarge]);
    expect(rig.endedBy?.message).to.equal(tooLarge);
  });

  it('is told in its turn', () => {
    const rig = rigOf(10);
    rig.client(concatBytes(message(Command.query, 'SELECT'), message(Command.query, '1234567890')));
    expect(rig.sentToBackend).to.have.lengthOf(11);
    expect([rig.sentToClient.length, rig.endedBy]).to.deep.equal([0, undefined]);
    const answer = new AnswerPrinter(true).begin().ok(STATUS).take();
    rig.server(answer);
    const all = rig.sentToClient;
    expect(toHex(all.subarray(0, answer.length))).to.equal(toHex(answer));
    expect(parseErr(all.subarray(answer.length + 4)).errno).to.equal(1153);
  });

  it('is counted over all packets of a message', () => {
    const rig = rigOf(0xff_ff_ff + 10);
    const long = message(Command.query, new Uint8Array(0xff_ff_ff + 10));
    expect(rig.client(long.subarray(0, 0xff_ff_ff + 4)).endedBy).to.equal(undefined);
    rig.client(long.subarray(0xff_ff_ff + 4));
    expect(errOf(rig)).to.deep.equal([2, 1153, '08S01', tooLarge]);
  });

  it('holds for the pieces of a file too', () => {
    const rig = rigOf(30);
    rig.query("LOAD DATA LOCAL INFILE 'f'");
    rig.server(framePayload(1, Uint8Array.of(0xfb, 0x66)));
    rig.sentToClient;
    rig.client(framePayload(2, new Uint8Array(30)));
    expect(rig.endedBy).to.equal(undefined);
    rig.client(framePayload(3, new Uint8Array(31)));
    expect(errOf(rig)).to.deep.equal([4, 1153, '08S01', tooLarge]);
  });
});
