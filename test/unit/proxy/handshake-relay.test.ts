import { expect } from 'chai';
import { concatBytes, fromHex, toHex, utf8 } from '../../../src/base/bytes.js';
import { HandshakeRelay, type Login, UNFOLLOWED_CAPABILITIES } from '../../../src/proxy/handshake-relay.js';
import { Capability } from '../../../src/wire/capability.js';
import { parseErr, printErr } from '../../../src/wire/err-packet.js';
import { type Greeting, parseGreeting, printGreeting } from '../../../src/wire/greeting.js';
import { parseHandshakeResponse, printHandshakeResponse } from '../../../src/wire/handshake-response.js';
import { plainOk, printOk } from '../../../src/wire/ok-packet.js';
import { frame, framePayload } from '../../../src/wire/packet-writer.js';

const greeting: Greeting = {
  serverVersion: '8.0.11-TiDB',
  connectionId: 77,
  authData: utf8('12345678901234567890\0'),
  capabilities: 0xff_ff_ff_ff,
  collation: 46,
  status: 2,
  authPlugin: 'mysql_native_password',
};

const capabilities =
  Capability.protocol41 | Capability.secureConnection | Capability.pluginAuth | Capability.deprecateEof;

const greet = (more: Partial<Greeting> = {}): Uint8Array =>
  frame(0, (out) => printGreeting({ ...greeting, ...more }, out));

const respond = (sequence: number, more = 0): Uint8Array =>
  frame(sequence, (out) =>
    printHandshakeResponse(
      {
        ...{
          capabilities: capabilities | more,
          maxPacketBytes: 1 << 24,
          collation: 45,
          user: 'u',
          authData: utf8('proof'),
        },
        ...{ database: undefined, authPlugin: 'mysql_native_password', attributes: undefined, zstdLevel: 3 },
      },
      out,
    ),
  );

const sslRequest = respond(1, Capability.ssl).slice(0, 36);
sslRequest[0] = 32;

/** A login between two sides that are only bytes in memory. */
class LoginRig {
  readonly relay: HandshakeRelay;
  #events: string[] = [];
  login: Login | undefined;
  /** Servers that are left besides the first. */
  others = 0;

  constructor(isOfferedToClients = false, isDemandedOfBackends = false) {
    this.relay = new HandshakeRelay(
      {
        toClient: (bytes) => this.#events.push(`client ${toHex(bytes)}`),
        toBackend: (bytes) => this.#events.push(`backend ${toHex(bytes)}`),
        upgradeClient: (rest) => this.#events.push(`client TLS ${toHex(rest)}`),
        upgradeBackend: () => this.#events.push('backend TLS'),
        blameBackend: (why) => this.#events.push(`blame: ${why}`),
        changeBackend: () => {
          if (this.others-- <= 0) return false;
          this.#events.push('next server');
          return true;
        },
        done: (login) => {
          this.login = login;
          this.#events.push('done');
        },
        end: (last) => this.#events.push(`end ${toHex(last)}`),
      },
      { isOfferedToClients, isDemandedOfBackends },
    );
  }

  client(bytes: Uint8Array): this {
    this.relay.receiveFromClient(bytes);
    return this;
  }

  backend(bytes: Uint8Array): this {
    this.relay.receiveFromBackend(bytes);
    return this;
  }

  /** What has happened since this was last asked. */
  take(): string[] {
    const events = this.#events;
    this.#events = [];
    return events;
  }
}

const ok = (sequence: number): Uint8Array => frame(sequence, (out) => printOk(plainOk(2), out));
const fromClient = (event: string | undefined): Uint8Array => fromHex((event ?? '').replace(/^\w+ /, ''));

describe('handshake relay', () => {
  for (const isOffered of [false, true]) {
    it(`passes on the greeting with what can be followed, and TLS if we ${isOffered ? 'have' : 'lack'} it`, () => {
      const [event] = new LoginRig(isOffered).backend(greet()).take();
      const relayed = fromClient(event);
      expect(relayed[3]).to.equal(0);
      const expected = (0xff_ff_ff_ff & ~UNFOLLOWED_CAPABILITIES & ~(isOffered ? 0 : Capability.ssl)) >>> 0;
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
        ['compression was not offered', respond(1, Capability.compress)],
        ['compression was not offered', respond(1, Capability.zstdCompression)],
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

  describe('that loses its server', () => {
    const full = frame(2, (out) =>
      printErr({ errno: 1040, sqlState: '08004', message: 'Too many connections' }, out),
    );
    const second = greet({ connectionId: 88, authData: utf8('abcdefghijklmnopqrst\0') });
    const switching = framePayload(2, utf8('\u00feanother salt'));

    /** What goes to the second server in the place of the client's proof. */
    function expectAskedAgain(event: string | undefined, sequence = 1): void {
      const packet = fromClient(event);
      expect(packet[3]).to.equal(sequence);
      const sent = parseHandshakeResponse(packet.subarray(4));
      expect(sent).to.include({ user: 'u', authPlugin: 'another_proof_please' });
      expect(sent.authData).to.have.length(0);
    }

    it('goes to another when it is full, which asks for another proof', () => {
      const rig = new LoginRig().backend(greet());
      rig.others = 1;
      rig.client(respond(1));
      rig.take();
      // TiDB says it twice.
      rig.backend(concatBytes(full, full));
      expect(rig.take()).to.deep.equal([
        'blame: it refuses connections: Too many connections',
        'next server',
      ]);
      rig.backend(second);
      const [asked, ...more] = rig.take();
      expect(more).to.deep.equal([]);
      expectAskedAgain(asked);
      rig
        .backend(switching)
        .client(framePayload(3, utf8('proof')))
        .backend(ok(4));
      expect(rig.take()).to.deep.equal([
        `client ${toHex(switching)}`,
        `backend ${toHex(framePayload(3, utf8('proof')))}`,
        `client ${toHex(ok(4))}`,
        'done',
      ]);
      expect(rig.login).to.include({ connectionId: 88, user: 'u' });
    });

    it('goes to another when it dies before the client has responded, or after', () => {
      for (const hasResponded of [false, true]) {
        const rig = new LoginRig().backend(greet());
        rig.others = 1;
        if (hasResponded) rig.client(respond(1));
        rig.take();
        rig.relay.backendGone(undefined);
        const blame = hasResponded ? [] : ['blame: it closed the connection'];
        expect(rig.take()).to.deep.equal([...blame, 'next server']);
        // The response comes while nobody is there to take it.
        if (!hasResponded) rig.client(respond(1));
        expect(rig.take()).to.deep.equal([]);
        rig.backend(second);
        expectAskedAgain(rig.take()[0]);
      }
    });

    it('goes to another with TLS on both sides', () => {
      const rig = new LoginRig(true, true).backend(greet());
      rig.others = 1;
      rig.client(sslRequest).client(respond(2, Capability.ssl));
      rig.relay.backendGone(new Error('reset'));
      rig.take();
      rig.backend(second);
      const [request, upgrade] = rig.take();
      expect(fromClient(request)).to.have.length(36);
      expect(upgrade).to.equal('backend TLS');
      rig.relay.backendSecured();
      expectAskedAgain(rig.take()[0], 2);
      rig.backend(framePayload(3, utf8('\u00fesalt')));
      expect(rig.take()).to.deep.equal([`client ${toHex(framePayload(3, utf8('\u00fesalt')))}`]);
    });

    it('goes to another that greets with an error, and tells the client when all do', () => {
      const refusal = frame(0, (out) => printErr({ errno: 1040, sqlState: '', message: 'full' }, out));
      const rig = new LoginRig();
      rig.others = 1;
      rig.backend(refusal);
      expect(rig.take()).to.deep.equal(['blame: it refuses connections: full', 'next server']);
      rig.backend(refusal);
      expect(rig.take()).to.deep.equal(['blame: it refuses connections: full', `end ${toHex(refusal)}`]);
      const moved = new LoginRig().backend(greet());
      moved.others = 1;
      moved.client(respond(1)).backend(full).backend(second);
      moved.take();
      moved.backend(full);
      expect(moved.take().at(-1)).to.equal(`end ${toHex(full)}`);
    });

    it('goes to none that offers less than the client was offered', () => {
      const rig = new LoginRig().backend(greet());
      rig.others = 2;
      rig.client(respond(1)).backend(full);
      rig.take();
      rig.backend(greet({ capabilities: (0xff_ff_ff_ff & ~Capability.deprecateEof) >>> 0 }));
      expect(rig.take()).to.deep.equal(['next server']);
      rig.backend(second);
      expectAskedAgain(rig.take()[0]);
    });

    it('ends when the client cannot give another proof, or the server has begun to answer', () => {
      const old = respond(1);
      old[4 + 2] = (old[4 + 2] ?? 0) & ~(Capability.pluginAuth >>> 16);
      const rig = new LoginRig().backend(greet());
      rig.others = 1;
      rig.client(old).backend(full);
      expect(rig.take().at(-1)).to.equal(`end ${toHex(full)}`);
      const answered = new LoginRig().backend(greet());
      answered.others = 1;
      answered.client(respond(1)).backend(switching);
      answered.relay.backendGone(undefined);
      const last = fromClient(answered.take().at(-1));
      expect(parseErr(last.subarray(4)).message).to.match(/broke off the login/);
    });
  });
});
