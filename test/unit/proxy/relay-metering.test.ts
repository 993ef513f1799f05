// What a relay tells the meter of its session, and what it says that the session does.
import { expect } from 'chai';
import { SqlError } from '../../../src/base/errors.js';
import type { LocalStatement } from '../../../src/proxy/statement-gate.js';
import { Command } from '../../../src/wire/command.js';
import { printErr } from '../../../src/wire/err-packet.js';
import { frame } from '../../../src/wire/packet-writer.js';
import { ServerStatus } from '../../../src/wire/server-status.js';
import { settle } from '../../support/virtual-runtime.js';
import { AnswerPrinter } from '../wire/answers.js';
import { RelayRig, STATUS, wordGate } from './relay-rig.js';

const print = new AnswerPrinter(true);
const ok = (status = STATUS): Uint8Array => print.begin().ok(status).take();
const err = frame(1, (out) => printErr({ errno: 1146, sqlState: '42S02', message: 'no table' }, out));

const failing: LocalStatement = (_session, answer) => {
  answer.err(new SqlError(1105, 'HY000', 'ours'));
  return Promise.resolve();
};

describe('a relayed session is metered', () => {
  it('as to its errors, by who tells them', async () => {
    const rig = new RelayRig(wordGate(failing));
    rig.query('SELECT 1').query('SELECT 2').query('SELECT 3').server(err, ok(), err);
    expect(rig.counts).to.include({ commands: 3, errorsOfServers: 2, errorsOfTiview: 0 });
    expect(rig.serverCounts).to.include({ commands: 3, errors: 2 });
    rig.query('refuse this');
    expect(rig.counts).to.include({ commands: 4, errorsOfServers: 2, errorsOfTiview: 1 });
    rig.query('take this');
    await settle();
    expect(rig.counts).to.include({ commands: 5, errorsOfServers: 2, errorsOfTiview: 2 });
  });

  it('as to how long answers take, to their end', async () => {
    const rig = new RelayRig();
    for (let i = 0; i < 100; i++) {
      rig.query('SELECT 1');
      await rig.runtime.advance(3);
      const answer = ok();
      rig.server(answer.subarray(0, 5));
      await rig.runtime.advance(3);
      rig.server(answer.subarray(5));
      await rig.runtime.advance(50);
    }
    const { counts } = rig.serverCounts.latencies.take();
    const timed = counts.reduce((sum, count) => sum + count, 0);
    expect(timed).to.be.within(10, 45);
    // All between 4 and 8 ms.
    expect(counts[6]).to.equal(timed);
  });

  it('but not as to commands that have no answer', async () => {
    const rig = new RelayRig();
    for (let i = 0; i < 50; i++) {
      rig.command(Command.stmtClose, Uint8Array.of(1, 0, 0, 0));
      await rig.runtime.advance(1_000);
      // As a server says that it ends the connection.
      rig.server(err);
    }
    const { counts } = rig.serverCounts.latencies.take();
    expect(counts.every((count) => count === 0)).to.equal(true);
    expect(rig.serverCounts.commands).to.equal(50);
  });

  it('as to what it does', async () => {
    let finish = (): void => undefined;
    const waiting: LocalStatement = async (_session, answer) => {
      await new Promise<void>((resolve) => (finish = resolve));
      answer.ok();
    };
    const rig = new RelayRig(wordGate(waiting));
    expect(rig.relay.state).to.equal('idle');
    rig.query('BEGIN');
    expect(rig.relay.state).to.equal('answering');
    rig.server(ok(STATUS | ServerStatus.inTransaction));
    expect(rig.relay.state).to.equal('transaction');
    rig.query('COMMIT').server(ok());
    expect(rig.relay.state).to.equal('idle');
    rig.query('take this');
    expect(rig.relay.state).to.equal('answering');
    await settle();
    finish();
    await settle();
    expect(rig.relay.state).to.equal('idle');
  });
});
