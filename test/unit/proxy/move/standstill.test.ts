// A CommandRelay whose session is to stand still.
import { expect } from 'chai';
import { concatBytes, utf8 } from '../../../../src/base/bytes.js';
import { Standstill } from '../../../../src/proxy/move/standstill.js';
import { Command } from '../../../../src/wire/command.js';
import { ServerStatus } from '../../../../src/wire/server-status.js';
import { plainOk, printOk } from '../../../../src/wire/ok-packet.js';
import { frame, framePayload } from '../../../../src/wire/packet-writer.js';
import { settle } from '../../../support/virtual-runtime.js';
import { RelayRig, message, wordGate } from '../relay-rig.js';

const ok = (status = 2): Uint8Array => frame(1, (out) => printOk(plainOk(status), out));
const query = (sql: string): Uint8Array => message(Command.query, sql);
const IN_TRANSACTION = ServerStatus.inTransaction | ServerStatus.autocommit;

describe('a session that is to stand still', () => {
  let rig: RelayRig;
  let standstill: Standstill;

  beforeEach(() => {
    rig = new RelayRig();
    standstill = new Standstill();
  });

  it('does so at once when it is idle, and holds what the client sends until it goes on', () => {
    rig.relay.setStandstill(standstill);
    expect(standstill.hasBegun).to.equal(true);
    rig.client(query('SELECT 1'));
    expect(rig.sentToBackend.length).to.equal(0);
    expect(rig.relay.isQuiet).to.equal(false);
    rig.relay.setStandstill(undefined);
    expect(rig.sentToBackend).to.deep.equal(Buffer.from(query('SELECT 1')));
    rig.server(ok());
    expect(rig.sentToClient).to.deep.equal(Buffer.from(ok()));
  });

  it('does so when the command under way is answered', () => {
    rig.client(query('SELECT 1'));
    rig.relay.setStandstill(standstill);
    expect(standstill.hasBegun).to.equal(false);
    rig.server(ok());
    expect(standstill.hasBegun).to.equal(true);
    expect(rig.sentToClient).to.deep.equal(Buffer.from(ok()));
  });

  it('has commands forwarded one by one until then, so that the end of a transaction is met', () => {
    rig.client(query('BEGIN')).server(ok(IN_TRANSACTION));
    rig.relay.setStandstill(standstill);
    expect(rig.sentToBackend.length).to.be.greaterThan(0);
    rig.client(concatBytes(query('INSERT'), query('COMMIT'), query('BEGIN')));
    expect(rig.sentToBackend).to.deep.equal(Buffer.from(query('INSERT')));
    rig.server(ok(IN_TRANSACTION));
    expect(rig.sentToBackend).to.deep.equal(Buffer.from(query('COMMIT')));
    expect(standstill.hasBegun).to.equal(false);
    rig.server(ok());
    expect(standstill.hasBegun).to.equal(true);
    expect(rig.sentToBackend.length).to.equal(0);
    rig.relay.setStandstill(undefined);
    expect(rig.sentToBackend).to.deep.equal(Buffer.from(query('BEGIN')));
  });

  it('reads no more of the client than it may hold', () => {
    rig.relay.setStandstill(standstill);
    rig.client(query('x'.repeat(1024 * 1024 + 1)));
    expect(rig.isClientHeld).to.equal(true);
    rig.relay.setStandstill(undefined);
    expect(rig.isClientHeld).to.equal(false);
  });

  it('does not in the middle of a message, nor while a piece of long data waits for its statement', () => {
    const long = query('SELECT 1');
    rig.client(long.subarray(0, 10));
    rig.relay.setStandstill(standstill);
    expect(standstill.hasBegun).to.equal(false);
    rig.client(long.subarray(10)).server(ok());
    expect(standstill.hasBegun).to.equal(true);
    rig.relay.setStandstill(undefined);
    const next = new Standstill();
    rig.client(message(Command.stmtSendLongData, Uint8Array.of(1, 0, 0, 0, 0, 0, 65)));
    rig.relay.setStandstill(next);
    expect(next.hasBegun).to.equal(false);
    rig.client(message(Command.stmtExecute, Uint8Array.of(1, 0, 0, 0, 0, 1, 0, 0, 0))).server(ok());
    expect(next.hasBegun).to.equal(true);
  });

  it('lets a file that the server asks for through', () => {
    rig.client(query('LOAD DATA LOCAL'));
    rig.relay.setStandstill(standstill);
    rig.server(framePayload(1, concatBytes(Uint8Array.of(0xfb), utf8('file'))));
    rig.take();
    const file = concatBytes(framePayload(2, utf8('1\t2\n')), framePayload(3, new Uint8Array()));
    rig.client(file);
    expect(rig.sentToBackend).to.deep.equal(Buffer.from(file));
    rig.server(frame(4, (out) => printOk(plainOk(2), out)));
    expect(standstill.hasBegun).to.equal(true);
  });

  it('lets the exchange of a COM_CHANGE_USER through', () => {
    rig.command(Command.changeUser, 'ann\0\0\0');
    rig.relay.setStandstill(standstill);
    rig.take();
    rig.server(framePayload(1, Uint8Array.of(0xfe, 0x61, 0, 0x62, 0)));
    const proof = framePayload(2, utf8('proof'));
    rig.client(proof);
    expect(rig.sentToBackend).to.deep.equal(Buffer.from(proof));
    expect(standstill.hasBegun).to.equal(false);
    rig.server(frame(3, (out) => printOk(plainOk(2), out)));
    expect(standstill.hasBegun).to.equal(true);
  });

  it('waits for a statement that is answered here, and for what is refused here', async () => {
    let finish: () => void = () => undefined;
    const taken = new Promise<void>((resolve) => (finish = resolve));
    rig = new RelayRig(
      wordGate(async (_session, answer) => {
        await taken;
        answer.ok();
      }),
    );
    rig.client(query('take'));
    rig.relay.setStandstill(standstill);
    expect(standstill.hasBegun).to.equal(false);
    rig.client(query('refuse'));
    finish();
    await settle();
    expect(standstill.hasBegun).to.equal(true);
    rig.relay.setStandstill(undefined);
    expect(rig.sentToClient.toString('latin1')).to.contain('not that');
  });

  it('asks statements of its own meanwhile, of which the client sees nothing', async () => {
    rig.relay.setStandstill(standstill);
    const asked = rig.relay.ask('SHOW SESSION_STATES', new AbortController().signal);
    await settle();
    expect(rig.sentToBackend).to.deep.equal(Buffer.from(query('SHOW SESSION_STATES')));
    rig.client(query('SELECT 1')).server(ok());
    expect((await asked).status).to.equal(2);
    await rig.relay.answered();
    expect(rig.sentToClient.length).to.equal(0);
    expect(rig.sentToBackend.length).to.equal(0);
  });

  it('is told when the session ends', () => {
    rig.relay.setStandstill(standstill);
    const reason = new Error('the client has gone');
    rig.relay.end(reason);
    expect(standstill.signal.reason).to.equal(reason);
  });

  it('goes on with the flags and the id that another server gave', async () => {
    let id = 0;
    rig = new RelayRig(
      wordGate((session, answer) => {
        id = session.connectionId;
        answer.ok();
        return Promise.resolve();
      }),
    );
    rig.relay.setStandstill(standstill);
    rig.relay.takenOver(99, ServerStatus.noBackslashEscapes);
    rig.relay.setStandstill(undefined);
    rig.client(query('take'));
    await settle();
    expect(id).to.equal(99);
    expect(rig.sentToClient.readUInt16LE(7)).to.equal(ServerStatus.noBackslashEscapes);
  });
});
