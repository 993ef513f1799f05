// The proxy's small parts: errors as clients see them, counts, buffers.
import { expect } from 'chai';
import { LimitError, SqlError } from '../../../src/base/errors.js';
import { limits } from '../../../src/base/limits.js';
import { toErrPacket } from '../../../src/proxy/error-map.js';
import { ReadBuffers } from '../../../src/proxy/read-buffers.js';
import { RelayCounts } from '../../../src/proxy/relay-counts.js';
import { OPEN_GATES, PASS } from '../../../src/proxy/statement-gate.js';
import { ProtocolError } from '../../../src/wire/protocol-error.js';

describe('error map', () => {
  it('gives SQL errors as they are, and a number to everything else', () => {
    expect(toErrPacket(new SqlError(1288, 'HY000', 'no'))).to.deep.equal({
      errno: 1288,
      sqlState: 'HY000',
      message: 'no',
    });
    expect(toErrPacket(new ProtocolError('client', 'what'))).to.deep.equal({
      errno: 1835,
      sqlState: 'HY000',
      message: 'what',
    });
    expect(toErrPacket(new LimitError('full'))).to.deep.equal({
      errno: 1105,
      sqlState: 'HY000',
      message: 'full',
    });
    expect(toErrPacket('thrown')).to.deep.equal({ errno: 1105, sqlState: 'HY000', message: 'thrown' });
  });
});

describe('relay counts', () => {
  it('are published once each', () => {
    const told: [string, number][] = [];
    const metrics = {
      count: (name: string, by = 1) => told.push([name, by]),
      gauge: (name: string, value: number) => told.push([name, value]),
      observe: () => undefined,
      observeCounted: () => undefined,
      forget: () => undefined,
    };
    const counts = new RelayCounts();
    counts.connections = 2;
    counts.commands = 10;
    counts.openConnections = 1;
    counts.publish(metrics);
    counts.commands = 13;
    counts.publish(metrics);
    expect(told).to.deep.equal([
      ['tiview_client_connections_accepted_total', 2],
      ['tiview_client_commands_total', 10],
      ['tiview_client_connections', 1],
      ['tiview_client_commands_total', 3],
      ['tiview_client_connections', 1],
    ]);
  });
});

describe('read buffers', () => {
  it('are used again, but not kept for ever', () => {
    const buffers = new ReadBuffers();
    const lent = Array.from({ length: 20 }, () => buffers.take());
    expect(new Set([...lent, buffers.shared]).size).to.equal(21);
    for (const buffer of lent) buffers.giveBack(buffer);
    const again = Array.from({ length: 20 }, () => buffers.take());
    expect(again.filter((buffer) => lent.includes(buffer))).to.have.length(16);
    expect(again.every((buffer) => buffer.length === limits.relayReadBytes)).to.equal(true);
  });
});

describe('the open gate', () => {
  it('lets everything pass', () => {
    const gate = OPEN_GATES.open({ connectionId: 1, user: 'u', database: undefined, capabilities: 0 });
    const text = { kind: 'query' as const, bytes: new Uint8Array(), start: 0, end: 0, isComplete: false };
    expect(gate.judge(text)).to.equal(PASS);
  });
});
