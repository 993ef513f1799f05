import { expect } from 'chai';
import { asBuffer, concatBytes, toHex, utf8 } from '../../../../src/base/bytes.js';
import { TargetError, TargetLogin, type TargetSession } from '../../../../src/proxy/move/target-login.js';
import { Capability } from '../../../../src/wire/capability.js';
import { printErr } from '../../../../src/wire/err-packet.js';
import { type HandshakeResponse, parseHandshakeResponse } from '../../../../src/wire/handshake-response.js';
import { plainOk, printOk } from '../../../../src/wire/ok-packet.js';
import { frame, framePayload } from '../../../../src/wire/packet-writer.js';
import { isSslRequest } from '../../../../src/wire/ssl-request.js';
import { greet } from '../login-rig.js';

const WANTED = Capability.protocol41 | Capability.deprecateEof;
const TOKEN = utf8('t'.repeat(600));

const RESPONSE: HandshakeResponse = {
  ...{ capabilities: WANTED | Capability.pluginAuth | Capability.pluginAuthLenencData },
  ...{ maxPacketBytes: 1 << 24, collation: 45, user: 'ann', authData: TOKEN, database: undefined },
  ...{ authPlugin: 'tidb_session_token', attributes: undefined, zstdLevel: undefined },
};

const ok = (sequence: number, status = 2): Uint8Array =>
  frame(sequence, (out) => printOk(plainOk(status), out));
const err = (sequence: number, errno = 1045): Uint8Array =>
  frame(sequence, (out) => printErr({ errno, sqlState: '28000', message: 'no' }, out));

/** A login that is nothing but bytes. */
class Rig {
  readonly login: TargetLogin;
  sent: Uint8Array[] = [];
  events: string[] = [];
  session: TargetSession | undefined;
  error: Error | undefined;

  constructor(isTlsDemanded = false) {
    this.login = new TargetLogin(
      {
        send: (bytes) => this.sent.push(bytes),
        upgrade: () => this.events.push('upgrade'),
        ready: () => this.events.push('ready'),
        done: (session) => {
          this.events.push('done');
          this.session = session;
        },
        failed: (error) => {
          this.events.push('failed');
          this.error = error;
        },
      },
      { isTlsDemanded, wanted: WANTED },
    );
  }

  receive(...chunks: Uint8Array[]): this {
    for (const chunk of chunks) {
      const lent = chunk.slice();
      this.login.receive(lent);
      lent.fill(0xee);
    }
    return this;
  }

  enter(...statements: string[]): this {
    this.login.enter(RESPONSE, statements);
    return this;
  }
}

describe('the login of a session that moves', () => {
  it('waits to be entered, shows the token, and runs all statements at once', () => {
    const rig = new Rig().receive(greet({ connectionId: 99 }));
    expect(rig.events).to.deep.equal(['ready']);
    expect(rig.sent).to.deep.equal([]);
    rig.enter('SET a', 'SET b');
    const [response = new Uint8Array()] = rig.sent.splice(0);
    expect(response[3]).to.equal(1);
    expect(parseHandshakeResponse(response.subarray(4))).to.deep.include({
      ...{ user: 'ann', authPlugin: 'tidb_session_token', authData: TOKEN },
    });
    rig.receive(ok(2));
    const commands = concatBytes(...rig.sent.splice(0));
    const query = (sql: string): Uint8Array => framePayload(0, utf8(`\x03${sql}`));
    expect(toHex(commands)).to.equal(toHex(concatBytes(query('SET a'), query('SET b'))));
    rig.receive(ok(1));
    expect(rig.session).to.equal(undefined);
    rig.receive(ok(1, 0x4002));
    expect(rig.session).to.deep.equal({ connectionId: 99, status: 0x4002 });
    expect(rig.events).to.deep.equal(['ready', 'done']);
  });

  it('takes what comes in pieces, or in one', () => {
    const rig = new Rig().receive(...[...greet()].map((byte) => Uint8Array.of(byte)));
    rig.enter('SET a', 'SET b').receive(concatBytes(ok(2), ok(1), ok(1)));
    expect(rig.session).to.deep.equal({ connectionId: 77, status: 2 });
  });

  it('turns to TLS first where that is demanded', () => {
    const rig = new Rig(true).receive(greet());
    const [request = new Uint8Array()] = rig.sent.splice(0);
    expect(isSslRequest(request.subarray(4))).to.equal(true);
    expect(rig.events).to.deep.equal(['upgrade']);
    rig.login.secured();
    rig.enter('SET a');
    const [response = new Uint8Array()] = rig.sent.splice(0);
    expect(response[3]).to.equal(2);
    const { capabilities } = parseHandshakeResponse(response.subarray(4));
    expect(capabilities & Capability.ssl).to.equal(Capability.ssl);
    rig.receive(ok(3), ok(1));
    expect(rig.events).to.deep.equal(['upgrade', 'ready', 'done']);
  });

  const failures: readonly (readonly [string, (rig: Rig) => void, string])[] = [
    ['a server that is full', (rig) => rig.receive(err(0, 1040)), '1040'],
    [
      'a server that offers less',
      (rig) => rig.receive(greet({ capabilities: Capability.protocol41 })),
      'lacks',
    ],
    ['bytes that are no greeting', (rig) => rig.receive(framePayload(0, utf8('HTTP'))), 'greeting'],
    ['a packet before its turn', (rig) => rig.receive(greet(), ok(1)), 'before its turn'],
    ['a refused token', (rig) => rig.receive(greet()).enter('SET a').receive(err(2)), 'refuses the session'],
    [
      'another plugin',
      (rig) =>
        rig
          .receive(greet())
          .enter('SET a')
          .receive(framePayload(2, Uint8Array.of(0xfe))),
      'token',
    ],
    [
      'a statement that fails',
      (rig) => rig.receive(greet()).enter('SET a', 'SET b').receive(ok(2), ok(1), err(1, 1146)),
      'does not restore the session: no (1146)',
    ],
    [
      'a file that is asked for',
      (rig) =>
        rig
          .receive(greet())
          .enter('SET a')
          .receive(ok(2), framePayload(1, Uint8Array.of(0xfb, 0x78))),
      'restores no session',
    ],
    [
      'an answer too many',
      (rig) =>
        rig
          .receive(greet())
          .enter('SET a')
          .receive(concatBytes(ok(2), ok(1), ok(1))),
      'before its turn',
    ],
    ['the end of the connection', (rig) => rig.login.fail(new TargetError('it went')), 'it went'],
  ];
  for (const [what, happens, why] of failures) {
    it(`is over, once, after ${what}`, () => {
      const rig = new Rig();
      happens(rig);
      expect(rig.error).to.be.instanceOf(TargetError);
      expect(rig.error?.message).to.contain(why);
      rig.receive(greet(), ok(2));
      rig.login.fail(new TargetError('again'));
      expect(rig.events.filter((event) => event === 'failed')).to.deep.equal(['failed']);
      expect(rig.session).to.equal(undefined);
    });
  }

  it('is over if TLS is demanded and not offered', () => {
    const rig = new Rig(true).receive(greet({ capabilities: WANTED }));
    expect(rig.error?.message).to.contain('lacks');
    expect(asBuffer(concatBytes(...rig.sent)).length).to.equal(0);
  });
});
