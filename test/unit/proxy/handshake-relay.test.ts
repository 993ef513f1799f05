import { expect } from 'chai';
import { concatBytes, fromHex, toHex, utf8 } from '../../../src/base/bytes.js';
import type { BackendCompression } from '../../../src/proxy/backend-compression.js';
import { UNFOLLOWED_CAPABILITIES } from '../../../src/proxy/handshake-relay.js';
import { Capability } from '../../../src/wire/capability.js';
import { parseErr } from '../../../src/wire/err-packet.js';
import { parseGreeting } from '../../../src/wire/greeting.js';
import { parseHandshakeResponse } from '../../../src/wire/handshake-response.js';
import { framePayload } from '../../../src/wire/packet-writer.js';
import { greeting, capabilities, greet, respond, sslRequest, ok, fromClient, LoginRig } from './login-rig.js';

describe('handshake relay', () => {
  for (const isOffered of [false, true]) {
    it(`passes on the greeting with what can be followed, and TLS if we ${isOffered ? 'have' : 'lack'} it`, () => {
      const [event] = new LoginRig(isOffered).backend(greet()).take();
      const relayed = fromClient(event);
      expect(relayed[3]).to.equal(0);
      const followed = 0xff_ff_ff_ff & ~UNFOLLOWED_CAPABILITIES & ~(isOffered ? 0 : Capability.ssl);
      const expected = (followed | Capability.compress) >>> 0;
      expect(parseGreeting(relayed.subarray(4))).to.deep.equal({ ...greeting, capabilities: expected });
    });
  }

  it('passes on the response and whatever the plugin exchanges, until OK', () => {
    const rig = new LoginRig().backend(greet());
    rig.take();
    rig.client(respond(1));
    expect(rig.take()).to.deep.equal([`backend ${toHex(respond(1))}`]);
    const switching = framePayload(2, utf8('\u0001more'));
    rig
      .backend(switching)
      .client(framePayload(3, utf8('proof')))
      .backend(concatBytes(ok(4), fromHex('aabb')));
    expect(rig.take()).to.deep.equal([
      `client ${toHex(switching)}`,
      `backend ${toHex(framePayload(3, utf8('proof')))}`,
      `client ${toHex(ok(4))}`,
      'done',
    ]);
    expect(rig.login?.capabilities).to.equal(capabilities);
    expect(rig.login?.status).to.equal(2);
    expect(rig.login).to.include({ connectionId: 77, user: 'u', database: undefined });
    expect(toHex(rig.login?.backendRest ?? new Uint8Array())).to.equal('aabb');
  });

  it('does the same byte by byte', () => {
    const rig = new LoginRig();
    for (const byte of greet()) rig.backend(Uint8Array.of(byte));
    for (const byte of respond(1)) rig.client(Uint8Array.of(byte));
    for (const byte of ok(2)) rig.backend(Uint8Array.of(byte));
    expect(rig.take().map((event) => event.split(' ')[0])).to.deep.equal([
      'client',
      'backend',
      'client',
      'done',
    ]);
  });

  it('agrees only on what both sides have', () => {
    const offered = capabilities & ~Capability.deprecateEof;
    const rig = new LoginRig()
      .backend(greet({ capabilities: offered }))
      .client(respond(1, Capability.queryAttributes))
      .backend(ok(2));
    expect(rig.login?.capabilities).to.equal(offered);
  });

  it('takes back what the client wants unasked and the server would give', () => {
    const rig = new LoginRig().backend(greet()).client(respond(1, Capability.queryAttributes));
    const sent = parseHandshakeResponse(fromClient(rig.take()[1]).subarray(4));
    expect(sent.capabilities).to.equal(capabilities);
  });

  describe('agrees on compression with each side for itself', () => {
    const { compress, zstdCompression } = Capability;
    /** What the two sides have in the end, and what the server has been told. */
    const agreed = (how: BackendCompression, client: number, server = 0xff_ff_ff_ff): string => {
      const rig = new LoginRig(false, false, how)
        .backend(greet({ capabilities: server }))
        .client(respond(1, client));
      const told = parseHandshakeResponse(fromClient(rig.take()[1]).subarray(4)).capabilities;
      rig.backend(ok(2));
      const { isClientCompressed, isBackendCompressed, capabilities: followed } = rig.login ?? {};
      expect(followed).to.equal(capabilities);
      expect(told).to.equal(capabilities | (isBackendCompressed === true ? compress : 0));
      return `${String(isClientCompressed)} ${String(isBackendCompressed)}`;
    };

    it('as it is configured', () => {
      expect(agreed('never', 0)).to.equal('false false');
      expect(agreed('never', compress)).to.equal('true false');
      expect(agreed('client', 0)).to.equal('false false');
      expect(agreed('client', compress)).to.equal('true true');
      expect(agreed('always', 0)).to.equal('false true');
      expect(agreed('always', compress)).to.equal('true true');
    });

    it('and with zlib where a client could do zstd too', () => {
      expect(agreed('client', compress | zstdCompression)).to.equal('true true');
    });

    it('and not with a server that has none', () => {
      expect(agreed('always', compress, 0xff_ff_ff_ff & ~compress)).to.equal('true false');
    });
  });

  describe('with TLS on the client’s side only', () => {
    it('has sequence ids that are one higher there', () => {
      const rig = new LoginRig(true).backend(greet());
      rig.take();
      rig.client(concatBytes(sslRequest, fromHex('160301')));
      expect(rig.take()).to.deep.equal(['client TLS 160301']);
      rig.client(respond(2, Capability.ssl));
      expect(rig.take()).to.deep.equal([`backend ${toHex(respond(1))}`]);
      rig
        .backend(framePayload(2, utf8('\u0001x')))
        .client(framePayload(4, utf8('proof')))
        .backend(ok(4));
      expect(rig.take()).to.deep.equal([
        `client ${toHex(framePayload(3, utf8('\u0001x')))}`,
        `backend ${toHex(framePayload(3, utf8('proof')))}`,
        `client ${toHex(ok(5))}`,
        'done',
      ]);
    });
  });

  describe('where somebody could read a password on its way to the server', () => {
    const exposed = (): LoginRig => {
      const rig = new LoginRig(true).backend(greet()).client(sslRequest);
      rig.isPasswordExposed = true;
      return rig;
    };
    const refusalIn = (event: string | undefined): string => {
      const packet = fromClient(event);
      return `${packet[3]} ${parseErr(packet.subarray(4)).errno}`;
    };

    for (const [what, payload] of [
      ['caching_sha2_password', '\u0001\u0004'],
      ['a plugin of clear text', '\u00femysql_clear_password\0'],
    ] as const) {
      it(`does not let ${what} ask for it`, () => {
        const rig = exposed().client(respond(2, Capability.ssl));
        rig.take();
        const asking = framePayload(
          2,
          Uint8Array.from(payload, (letter) => letter.charCodeAt(0)),
        );
        const [event, ...more] = rig.backend(asking).take();
        expect(event).to.match(/^end /);
        expect(refusalIn(event)).to.equal('3 3159');
        expect(more).to.deep.equal([]);
        expect(rig.client(framePayload(4, utf8('secret\0'))).take()).to.deep.equal([]);
        expect(rig.relay.errno).to.equal(3159);
      });
    }

    it('passes on what is no password', () => {
      const rig = exposed().client(respond(2, Capability.ssl));
      rig.take();
      rig.backend(framePayload(2, fromHex('0103'))).backend(ok(3));
      expect(rig.take()).to.deep.equal([
        `client ${toHex(framePayload(3, fromHex('0103')))}`,
        `client ${toHex(ok(4))}`,
        'done',
      ]);
    });

    it('does not pass on a response that holds it', () => {
      const rig = exposed();
      rig.take();
      const [event, ...more] = rig.client(respond(2, Capability.ssl, 'mysql_clear_password')).take();
      expect(refusalIn(event)).to.equal('3 3159');
      expect(more).to.deep.equal([]);
    });
  });

  describe('with TLS on the server’s side', () => {
    it('asks for it, waits for it, and has sequence ids that are one higher there', () => {
      const rig = new LoginRig(false, true).backend(greet());
      rig.take();
      rig.client(respond(1));
      expect(rig.take()).to.deep.equal([`backend ${toHex(sslRequest)}`, 'backend TLS']);
      rig.relay.backendSecured();
      expect(rig.take()).to.deep.equal([`backend ${toHex(respond(2, Capability.ssl))}`]);
      rig.relay.backendSecured();
      rig
        .backend(framePayload(3, utf8('\u0001x')))
        .client(framePayload(3, utf8('proof')))
        .backend(ok(5));
      expect(rig.take()).to.deep.equal([
        `client ${toHex(framePayload(2, utf8('\u0001x')))}`,
        `backend ${toHex(framePayload(4, utf8('proof')))}`,
        `client ${toHex(ok(4))}`,
        'done',
      ]);
    });

    it('has the same sequence ids with TLS on both', () => {
      const rig = new LoginRig(true, true)
        .backend(greet())
        .client(sslRequest)
        .client(respond(2, Capability.ssl));
      rig.relay.backendSecured();
      rig.take();
      rig.backend(ok(3));
      expect(rig.take()[0]).to.equal(`client ${toHex(ok(3))}`);
    });

    it('refuses a server that does not offer it', () => {
      const [blame, event] = new LoginRig(false, true).backend(greet({ capabilities })).take();
      expect(blame).to.equal('blame: the tidb-server does not offer TLS');
      expect(parseErr(fromClient(event).subarray(4))).to.deep.equal({
        errno: 1105,
        sqlState: '',
        message: 'the tidb-server does not offer TLS',
      });
    });
  });

  describe('passes on the server’s refusal', () => {
    const refusal = (sequence: number): Uint8Array =>
      framePayload(sequence, concatBytes(fromHex('ff1504'), utf8('#28000no')));

    it('in the place of the greeting', () => {
      expect(new LoginRig().backend(refusal(0)).take()).to.deep.equal([
        'blame: it refuses connections: no',
        `end ${toHex(refusal(0))}`,
      ]);
    });

    it('before the response', () => {
      const rig = new LoginRig(true).backend(greet());
      rig.take();
      expect(rig.backend(refusal(1)).take()).to.deep.equal([`end ${toHex(refusal(1))}`]);
    });

    it('of the password, and what may follow until it closes', () => {
      const rig = new LoginRig().backend(greet()).client(respond(1));
      rig.take();
      rig.backend(concatBytes(refusal(2), refusal(3)));
      expect(rig.take()).to.deep.equal([`client ${toHex(refusal(2))}`, `client ${toHex(refusal(3))}`]);
      rig.relay.backendGone(undefined);
      expect(rig.take()).to.deep.equal([]);
    });
  });

  describe('tells a client what is wrong', () => {
    const told = (rig: LoginRig): string => {
      const last = rig.take().at(-1) ?? '';
      expect(last.startsWith('end ')).to.equal(true);
      const { errno, sqlState, message } = parseErr(fromClient(last).subarray(4));
      return `${errno} ${sqlState} ${message}`;
    };

    it('with its response', () => {
      const cases: readonly (readonly [string, Uint8Array])[] = [
        ['malformed handshake response: 1 bytes', framePayload(1, Uint8Array.of(1))],
        ['zstd compression was not offered', respond(1, Capability.zstdCompression)],
        ['TLS was not offered', sslRequest],
        ['over 262144 bytes', fromHex('ffffff01')],
      ];
      for (const [what, bytes] of cases) {
        expect(told(new LoginRig().backend(greet()).client(bytes))).to.match(
          new RegExp(`^1043 08S01 Bad handshake: .*${what}`),
        );
      }
    });

    it('with its second request for TLS', () => {
      const rig = new LoginRig(true).backend(greet()).client(sslRequest).client(sslRequest);
      expect(told(rig)).to.match(/^1043 08S01 Bad handshake: malformed handshake response/);
    });

    it('with a packet while TLS is being set up', () => {
      const rig = new LoginRig(false, true).backend(greet()).client(respond(1)).client(respond(2));
      expect(told(rig)).to.match(/before its turn/);
    });

    it('with the server', () => {
      expect(told(new LoginRig().backend(framePayload(0, utf8('\u0009old'))))).to.match(
        /^1043 {2}Bad handshake: malformed greeting/,
      );
      expect(told(new LoginRig().backend(greet()).backend(ok(1)))).to.match(/^1043 08S01 .*before its turn/);
      const rig = new LoginRig().backend(greet()).client(respond(1));
      rig.relay.backendGone(new Error('reset'));
      expect(told(rig)).to.match(/^1105 HY000 the tidb-server broke off the login: reset/);
    });
  });

  it('is silent after its end', () => {
    const rig = new LoginRig().backend(greet()).client(respond(1)).backend(ok(2));
    rig.take();
    rig.client(respond(1)).backend(ok(2));
    rig.relay.backendGone(undefined);
    expect(rig.take()).to.deep.equal([]);
  });
});
