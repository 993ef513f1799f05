import { expect } from 'chai';
import { concatBytes, toHex, utf8 } from '../../../src/base/bytes.js';
import { Capability } from '../../../src/wire/capability.js';
import { parseErr, printErr } from '../../../src/wire/err-packet.js';
import { parseHandshakeResponse } from '../../../src/wire/handshake-response.js';
import { frame, framePayload } from '../../../src/wire/packet-writer.js';
import { greet, respond, sslRequest, ok, fromClient, LoginRig } from './login-rig.js';

describe('a login that loses its server', () => {
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
    expect(rig.take()).to.deep.equal(['blame: it refuses connections: Too many connections', 'next server']);
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
