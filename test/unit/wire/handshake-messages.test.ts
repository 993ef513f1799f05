// The login's messages, against literal bytes: a greeting of TiDB, responses of real clients.
import { expect } from 'chai';
import { ByteWriter } from '../../../src/base/byte-writer.js';
import { concatBytes, fromHex, toHex, utf8 } from '../../../src/base/bytes.js';
import { parseAuthMoreData, printAuthMoreData } from '../../../src/wire/auth-more-data.js';
import { parseAuthNextFactor, printAuthNextFactor } from '../../../src/wire/auth-next-factor.js';
import { parseAuthSwitch, printAuthSwitch } from '../../../src/wire/auth-switch.js';
import { Capability, hasCapability } from '../../../src/wire/capability.js';
import { parseGreeting, parseGreetingHead, printGreeting, setOffered } from '../../../src/wire/greeting.js';
import {
  type HandshakeResponse,
  parseHandshakeResponse,
  parseResponseIdentity,
  printHandshakeResponse,
  setCapabilities,
} from '../../../src/wire/handshake-response.js';
import { ProtocolError } from '../../../src/wire/protocol-error.js';
import { isSslRequest, parseSslRequest, printResponseHeader } from '../../../src/wire/ssl-request.js';

const print = (message: (out: ByteWriter) => void): Uint8Array => {
  const out = new ByteWriter();
  message(out);
  return out.take();
};

const salt = utf8('12345678abcdefghijkl\0');

/** As TiDB builds it (pkg/server/conn.go, writeInitialHandshake). */
const greeting = concatBytes(
  fromHex('0a'),
  utf8('8.0.11-TiDB-v8.5.4\0'),
  fromHex('0400401f'),
  salt.subarray(0, 8),
  fromHex('00' + 'afa6' + '2e' + '0200' + '3d05' + '15' + '00'.repeat(10)),
  salt.subarray(8),
  utf8('mysql_native_password\0'),
);

function withOffered(payload: Uint8Array, capabilities: number): Uint8Array {
  const copy = Uint8Array.from(payload);
  setOffered(copy, parseGreetingHead(copy), capabilities);
  return copy;
}

function withCapabilities(payload: Uint8Array, capabilities: number): Uint8Array {
  const copy = Uint8Array.from(payload);
  setCapabilities(copy, capabilities);
  return copy;
}

describe('greeting', () => {
  it("reads TiDB's", () => {
    expect(parseGreeting(greeting)).to.deep.equal({
      serverVersion: '8.0.11-TiDB-v8.5.4',
      connectionId: 0x1f_40_00_04,
      authData: salt,
      capabilities: 0x05_3d_a6_af,
      collation: 0x2e,
      status: 2,
      authPlugin: 'mysql_native_password',
    });
  });

  it('prints what it reads', () => {
    expect(toHex(print((out) => printGreeting(parseGreeting(greeting), out)))).to.equal(toHex(greeting));
  });

  it('changes nothing but the capabilities', () => {
    const masked = withOffered(greeting, 0x81_02_0b_04);
    const differing = [...greeting.keys()].filter((at) => greeting[at] !== masked[at]);
    expect(parseGreeting(withOffered(greeting, 0xff_ff_ff_ff)).capabilities).to.equal(0xff_ff_ff_ff);
    expect(masked.length).to.equal(greeting.length);
    expect(differing).to.have.length.within(1, 4);
    expect(toHex(withOffered(masked, 0x05_3d_a6_af))).to.equal(toHex(greeting));
    expect(parseGreetingHead(greeting)).to.include({
      connectionId: 0x1f_40_00_04,
      capabilities: 0x05_3d_a6_af,
    });
  });

  it('reads a plugin name whose zero byte is missing', () => {
    expect(parseGreeting(greeting.subarray(0, greeting.length - 1)).authPlugin).to.equal(
      'mysql_native_password',
    );
  });

  it('refuses what is cut, and other protocols', () => {
    for (let length = 0; length < greeting.length - 'mysql_native_password\0'.length; length++) {
      expect(() => parseGreeting(greeting.subarray(0, length)), `${length} bytes`).to.throw(ProtocolError);
    }
    expect(() => parseGreeting(concatBytes(Uint8Array.of(9), greeting.subarray(1)))).to.throw(
      ProtocolError,
      'not 10',
    );
    const ancient = withOffered(greeting, 0);
    expect(() => parseGreeting(ancient)).to.throw(ProtocolError, '4.1');
    expect(() => parseGreetingHead(ancient)).to.throw(ProtocolError, '4.1');
    expect(() => parseGreetingHead(greeting.subarray(0, 36))).to.throw(ProtocolError);
  });
});

const capabilities =
  Capability.protocol41 |
  Capability.secureConnection |
  Capability.connectWithDb |
  Capability.pluginAuth |
  Capability.connectAttributes;

const response: HandshakeResponse = {
  capabilities,
  maxPacketBytes: 0x1_00_00_00,
  collation: 45,
  user: 'root',
  authData: fromHex('0102030405060708090a0b0c0d0e0f1011121314'),
  database: 'test',
  authPlugin: 'mysql_native_password',
  attributes: [
    ['_client_name', 'c'],
    ['x', ''],
  ],
  zstdLevel: undefined,
};

const responseBytes = concatBytes(
  fromHex('08821800' + '00000001' + '2d' + '00'.repeat(23)),
  utf8('root\0'),
  fromHex('14' + '0102030405060708090a0b0c0d0e0f1011121314'),
  utf8('test\0mysql_native_password\0'),
  Uint8Array.of(18, 12),
  utf8('_client_name'),
  fromHex('0163' + '0178' + '00'),
);

describe('handshake response', () => {
  it('reads and prints a response with everything', () => {
    expect(parseHandshakeResponse(responseBytes)).to.deep.equal(response);
    expect(toHex(print((out) => printHandshakeResponse(response, out)))).to.equal(toHex(responseBytes));
  });

  it('reads who it is without reading all of it', () => {
    const authDataAt = responseBytes.indexOf(0x14, 33) + 1;
    const proof = { authDataAt, authDataEnd: authDataAt + 20 };
    const authPlugin = 'mysql_native_password';
    const identity = { capabilities, user: 'root', database: 'test', authPlugin, ...proof };
    expect(parseResponseIdentity(responseBytes)).to.deep.equal(identity);
    const end = authDataAt + 20 + 'test\0'.length;
    const withoutPlugin = { ...identity, authPlugin: undefined };
    expect(parseResponseIdentity(responseBytes.subarray(0, end))).to.deep.equal(withoutPlugin);
    expect(() => parseResponseIdentity(responseBytes.subarray(0, end - 1))).to.throw(ProtocolError);
  });

  it('reads authentication data in each of its three forms', () => {
    for (const form of [Capability.pluginAuthLenencData, Capability.secureConnection, 0]) {
      const sent = { ...response, capabilities: (capabilities & ~Capability.secureConnection) | form };
      expect(parseHandshakeResponse(print((out) => printHandshakeResponse(sent, out)))).to.deep.equal(sent);
    }
  });

  it('is as kind as servers are to parts that are announced and missing at the end', () => {
    const full = print((out) => printHandshakeResponse({ ...response, attributes: [] }, out));
    const withoutAttributes = parseHandshakeResponse(full.subarray(0, full.length - 1));
    expect(withoutAttributes.attributes).to.equal(undefined);
    expect(withoutAttributes.authPlugin).to.equal('mysql_native_password');
    const withoutZero = parseHandshakeResponse(full.subarray(0, full.length - 2));
    expect(withoutZero.authPlugin).to.equal('mysql_native_password');
  });

  it('refuses what is cut elsewhere', () => {
    const end = responseBytes.indexOf(0x14, 33) + 1 + 20;
    for (let length = 0; length < end; length++) {
      expect(() => parseHandshakeResponse(responseBytes.subarray(0, length)), `${length}`).to.throw(
        ProtocolError,
      );
    }
    const attributes = responseBytes.length - 18;
    for (let length = attributes; length < responseBytes.length; length++) {
      expect(() => parseHandshakeResponse(responseBytes.subarray(0, length)), `${length}`).to.throw(
        ProtocolError,
      );
    }
  });

  it('refuses clients older than protocol 4.1', () => {
    expect(() => parseHandshakeResponse(withCapabilities(responseBytes, 0))).to.throw(ProtocolError, '4.1');
  });

  it('changes nothing but the capabilities', () => {
    const changed = withCapabilities(responseBytes, 0xf0_00_02_00);
    expect(parseSslRequest(changed.subarray(0, 32)).capabilities).to.equal(0xf0_00_02_00);
    expect(toHex(changed.subarray(4))).to.equal(toHex(responseBytes.subarray(4)));
  });
});

describe('SSLRequest', () => {
  const header = { capabilities: Capability.protocol41 | Capability.ssl, maxPacketBytes: 7, collation: 8 };

  it('is told from a response by its length and its bit', () => {
    const request = print((out) => printResponseHeader(header, out));
    expect(request).to.have.length(32);
    expect(isSslRequest(request)).to.equal(true);
    expect(isSslRequest(concatBytes(request, Uint8Array.of(0)))).to.equal(false);
    expect(isSslRequest(withCapabilities(request, Capability.protocol41))).to.equal(false);
    expect(parseSslRequest(request)).to.deep.equal(header);
    expect(() => parseSslRequest(concatBytes(request, Uint8Array.of(0)))).to.throw(ProtocolError, 'too many');
  });
});

describe('authentication packets', () => {
  const request = { authPlugin: 'caching_sha2_password', authData: salt };

  it('are read as they are printed', () => {
    expect(parseAuthSwitch(print((out) => printAuthSwitch(request, out)))).to.deep.equal(request);
    expect(parseAuthNextFactor(print((out) => printAuthNextFactor(request, out)))).to.deep.equal(request);
    expect(toHex(parseAuthMoreData(print((out) => printAuthMoreData(Uint8Array.of(4), out))))).to.equal('04');
    expect(toHex(print((out) => printAuthMoreData(Uint8Array.of(4), out)))).to.equal('0104');
  });

  it('know the switch to the oldest plugin, which is a single byte', () => {
    expect(parseAuthSwitch(Uint8Array.of(0xfe)).authPlugin).to.equal('mysql_old_password');
  });

  it('refuse what is malformed', () => {
    expect(() => parseAuthSwitch(fromHex('fe6162'))).to.throw(ProtocolError);
    expect(() => parseAuthSwitch(fromHex('00'))).to.throw(ProtocolError);
    expect(() => parseAuthNextFactor(fromHex('0261'))).to.throw(ProtocolError);
    expect(() => parseAuthMoreData(fromHex(''))).to.throw(ProtocolError);
  });
});

describe('capabilities', () => {
  it('are had only if all bits are', () => {
    expect(hasCapability(capabilities, Capability.pluginAuth | Capability.protocol41)).to.equal(true);
    expect(hasCapability(capabilities, Capability.pluginAuth | Capability.ssl)).to.equal(false);
  });
});
