import { expect } from 'chai';
import { concatBytes, toHex, utf8 } from '../../../src/base/bytes.js';
import type { LocalStatement } from '../../../src/proxy/statement-gate.js';
import { Command } from '../../../src/wire/command.js';
import { ServerStatus } from '../../../src/wire/server-status.js';
import { settle } from '../../support/virtual-runtime.js';
import { AnswerPrinter, column } from '../wire/answers.js';
import { RelayRig, STATUS, message, wordGate } from './relay-rig.js';

const MORE = STATUS | ServerStatus.moreResults;
const print = new AnswerPrinter(true);
const hex = (bytes: Uint8Array): string => toHex(bytes);
const result = (sequence: number, last: number): Uint8Array =>
  print.begin(sequence).columns(1, 0).row('x').row('y').rowsEnd(last).take();

/** A row of ours, TiDB's answer to a statement, then OK of ours. */
const ourRelayOurs: LocalStatement = async (session, answer) => {
  answer.expectMore(true);
  answer.columns([column]);
  await answer.rows([['ours']], session.signal);
  answer.end();
  answer.expectMore(true);
  const { errno } = await session.relay(utf8('SELECT x'));
  if (errno !== 0) return;
  session.signal.throwIfAborted();
  answer.expectMore(false);
  answer.ok();
};

describe('an answer of several results', () => {
  it('is ours in some parts and TiDB’s in others, in one count', async () => {
    const rig = new RelayRig(wordGate(ourRelayOurs)).query('take it').query('SELECT next');
    await settle();
    expect(hex(rig.sentToBackend)).to.equal(hex(message(Command.query, 'SELECT x')));
    const first = print.begin().columns(1, 0).row('ours').take();
    const sent = rig.sentToClient;
    expect(hex(sent).startsWith(hex(first))).to.equal(true);
    // Sequence id and flags of what ends our rows.
    const end = sent.subarray(first.length);
    expect([end[3], end[7]]).to.deep.equal([4, MORE]);
    const answer = result(1, STATUS);
    rig.server(answer.slice(0, 30), answer.slice(30));
    await settle();
    expect(hex(rig.sentToClient)).to.equal(hex(concatBytes(result(5, MORE), plainOk(10))));
    expect(hex(rig.sentToBackend)).to.equal(hex(message(Command.query, 'SELECT next')));
  });

  it('ends with TiDB’s error', async () => {
    const rig = new RelayRig(wordGate(ourRelayOurs)).query('take it');
    await settle();
    expect(rig.sentToClient).not.to.have.length(0);
    rig.server(print.begin().err(1146).take());
    await settle();
    expect(hex(rig.sentToClient)).to.equal(hex(print.begin(5).err(1146).take()));
    expect(rig.relay.isQuiet).to.equal(true);
  });

  it('leaves a transaction open that TiDB opened', async () => {
    const rig = new RelayRig(wordGate(ourRelayOurs)).query('take it');
    await settle();
    rig.server(
      print
        .begin()
        .ok(STATUS | ServerStatus.inTransaction)
        .take(),
    );
    await settle();
    expect(rig.relay.isQuiet).to.equal(false);
  });

  it('is not interrupted while TiDB answers, but after it', async () => {
    const rig = new RelayRig(wordGate(ourRelayOurs)).query('take it');
    await settle();
    expect([rig.relay.isAnswering, rig.relay.isInterruptible]).to.deep.equal([true, false]);
    const answer = result(1, STATUS);
    rig.server(answer.slice(0, 30));
    rig.relay.interrupt();
    await settle();
    rig.server(answer.slice(30));
    await settle();
    expect(rig.sentToClient.toString('latin1')).to.match(/#70100Query execution was interrupted$/);
    expect(rig.relay.isAnswering).to.equal(false);
  });

  it('is cut off with an error between packets, and with nothing inside one', async () => {
    const columns = print.begin(1).columns(1, 0).take().length;
    const answer = print.begin(1).columns(1, 0).row('x'.repeat(100)).rowsEnd(STATUS).take();
    for (const [cut, last] of [
      [columns, /the server has gone$/],
      [columns + 50, /^$/],
    ] as const) {
      const rig = new RelayRig(wordGate(ourRelayOurs)).query('take it');
      await settle();
      rig.server(answer.slice(0, cut));
      expect(rig.sentToClient).not.to.have.length(0);
      rig.relay.end(new Error('the server has gone'));
      await settle();
      expect(rig.sentToClient.toString('latin1')).to.match(last);
    }
  });

  it('that TiDB sends in no order ends the session', async () => {
    const rig = new RelayRig(wordGate(ourRelayOurs)).query('take it');
    await settle();
    rig.server(
      print
        .begin()
        .message((out) => out.u8(0xfb).utf8('/tmp/file'))
        .take(),
    );
    await settle();
    expect(rig.endedBy?.message).to.include('a file is asked for');
    expect(rig.sentToClient.toString('latin1')).to.match(/a file is asked for among several statements$/);
  });
});

function plainOk(sequence: number): Uint8Array {
  return Uint8Array.of(7, 0, 0, sequence, 0, 0, 0, STATUS, 0, 0, 0);
}
