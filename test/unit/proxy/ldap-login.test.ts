// Logins by LDAP, in the packets that TiDB's source composes (there is no LDAP server here to record real ones from).
// authentication_ldap_simple is the client's mysql_clear_password; authentication_ldap_sasl is a dialogue whose first
// word is the client's, and whose last one, before OK, the server's.
//
// See pingcap/tidb pkg/server/conn.go (checkAuthPlugin, authSwitchRequest), pkg/privilege/privileges/ldap/sasl.go
import { expect } from 'chai';
import { concatBytes, toHex, utf8 } from '../../../src/base/bytes.js';
import { Capability } from '../../../src/wire/capability.js';
import { parseErr } from '../../../src/wire/err-packet.js';
import { AUTH_MORE_DATA_HEADER } from '../../../src/wire/auth-more-data.js';
import { AUTH_SWITCH_HEADER } from '../../../src/wire/auth-switch.js';
import { framePayload } from '../../../src/wire/packet-writer.js';
import { LoginRig, fromClient, greet, greeting, ok, respond, sslRequest } from './login-rig.js';

const SALT = greeting.authData;

const switchTo = (plugin: string, data: Uint8Array): Uint8Array =>
  concatBytes(Uint8Array.of(AUTH_SWITCH_HEADER), utf8(`${plugin}\0`), data);
const moreData = (data: string): Uint8Array => concatBytes(Uint8Array.of(AUTH_MORE_DATA_HEADER), utf8(data));

const CLEAR = switchTo('mysql_clear_password', SALT);
const SASL = switchTo('authentication_ldap_sasl_client', utf8('SCRAM-SHA-256\0'));

/** Who says what after the response, of RFC 7677's example. */
const SCRAM: readonly (readonly ['client' | 'server', Uint8Array])[] = [
  ['server', SASL],
  ['client', utf8('n,a=user,n=user,r=rOprNGfwEbeRWgbNEkqO')],
  [
    'server',
    moreData('r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096'),
  ],
  [
    'client',
    utf8(
      'c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=',
    ),
  ],
  ['server', moreData('v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=')],
];

/** A login that has come as far as the client's response. */
function responded(isClientSecure: boolean, isBackendSecure: boolean, plugin?: string): LoginRig {
  const rig = new LoginRig(isClientSecure, isBackendSecure).backend(greet());
  if (isClientSecure) rig.client(sslRequest);
  rig.client(respond(isClientSecure ? 2 : 1, isClientSecure ? Capability.ssl : 0, plugin));
  if (isBackendSecure) rig.relay.backendSecured();
  return rig;
}

/** Goes through a dialogue and OK. @returns whether each packet came out as it went in, by its side's sequence ids. */
function converse(rig: LoginRig, dialogue: typeof SCRAM, shifts: { client: number; server: number }): void {
  rig.take();
  let sequence = 2;
  for (const [side, payload] of dialogue) {
    const onClient = framePayload(sequence + shifts.client, payload);
    const onServer = framePayload(sequence + shifts.server, payload);
    if (side === 'server') rig.backend(onServer);
    else rig.client(onClient);
    expect(rig.take()).to.deep.equal([
      side === 'server' ? `client ${toHex(onClient)}` : `backend ${toHex(onServer)}`,
    ]);
    sequence++;
  }
  rig.backend(ok(sequence + shifts.server));
  expect(rig.take()).to.deep.equal([`client ${toHex(ok(sequence + shifts.client))}`, 'done']);
}

describe('a login by LDAP', () => {
  for (const isClientSecure of [false, true]) {
    for (const isBackendSecure of [false, true]) {
      const where = `TLS of the client: ${String(isClientSecure)}, towards TiDB: ${String(isBackendSecure)}`;
      const shifts = { client: Number(isClientSecure), server: Number(isBackendSecure) };

      it(`by a simple bind is relayed (${where})`, () => {
        const rig = responded(isClientSecure, isBackendSecure);
        const dialogue = [
          ['server', CLEAR],
          ['client', utf8('secret\0')],
        ] as const;
        converse(rig, dialogue, shifts);
        expect(rig.login?.user).to.equal('u');
      });

      it(`by SASL is relayed, however long it takes (${where})`, () => {
        const rig = responded(isClientSecure, isBackendSecure);
        converse(rig, SCRAM, shifts);
        expect(rig.login?.user).to.equal('u');
      });
    }
  }

  it('by SASL is relayed where a password could be read: it sends none', () => {
    const rig = responded(true, false);
    rig.isPasswordExposed = true;
    converse(rig, SCRAM, { client: 1, server: 0 });
  });

  it('by a simple bind is refused where the password could be read', () => {
    const rig = responded(true, false);
    rig.isPasswordExposed = true;
    rig.take();
    const [event, ...more] = rig.backend(framePayload(2, CLEAR)).take();
    expect(event).to.match(/^end /);
    expect(parseErr(fromClient(event).subarray(4)).errno).to.equal(3159);
    expect(more).to.deep.equal([]);
  });

  // Where default_authentication_plugin is the account's plugin too, TiDB switches nobody who answers to that name: it
  // takes what is in the response.
  it('by a simple bind that the client begins with is refused where the password could be read', () => {
    const rig = new LoginRig(true)
      .backend(greet({ authPlugin: 'authentication_ldap_simple' }))
      .client(sslRequest);
    rig.isPasswordExposed = true;
    rig.take();
    const [event, ...more] = rig.client(respond(2, Capability.ssl, 'authentication_ldap_simple')).take();
    expect(parseErr(fromClient(event).subarray(4)).errno).to.equal(3159);
    expect(more).to.deep.equal([]);
  });

  it('that LDAP refuses ends by TiDB’s error', () => {
    const rig = responded(false, false);
    rig.backend(framePayload(2, SASL)).client(framePayload(3, utf8('n,,n=u,r=x')));
    rig.take();
    const refusal = concatBytes(
      Uint8Array.of(0xff, 0x15, 0x04),
      utf8("#28000Access denied for user 'u'@'%'"),
    );
    rig.backend(framePayload(4, refusal));
    expect(rig.take()).to.deep.equal([`client ${toHex(framePayload(4, refusal))}`]);
    expect(rig.relay.errno).to.equal(1045);
  });
});
