import { expect } from 'chai';
import { concatBytes, fromHex, utf8 } from '../../../src/base/bytes.js';
import {
  PROXY_HEADER_VERSIONS,
  parseProxyHeader,
  printProxyHeader,
} from '../../../src/proxy/proxy-header.js';
import { ProtocolError } from '../../../src/wire/protocol-error.js';

const SIGNATURE = '0d0a0d0a000d0a515549540a';

describe('PROXY header', () => {
  const headers: readonly (readonly [string, Uint8Array, { address: string; port: number } | undefined])[] = [
    [
      'of IPv4',
      utf8('PROXY TCP4 203.0.113.7 10.0.0.1 56324 4000\r\n'),
      { address: '203.0.113.7', port: 56324 },
    ],
    ['of IPv6', utf8('PROXY TCP6 2001:db8::1 ::1 1 65535\r\n'), { address: '2001:db8::1', port: 1 }],
    ['of something unknown', utf8('PROXY UNKNOWN\r\n'), undefined],
    ['of something unknown, with addresses', utf8('PROXY UNKNOWN ff:: ff:: 1 2\r\n'), undefined],
    [
      'in binary, of IPv4',
      fromHex(`${SIGNATURE}2111000c` + 'cb007107' + '0a000001' + 'dc04' + '0fa0'),
      { address: '203.0.113.7', port: 56324 },
    ],
    [
      'in binary, of IPv4, with more behind it',
      fromHex(`${SIGNATURE}21110010` + 'cb007107' + '0a000001' + 'dc04' + '0fa0' + '04000100'),
      { address: '203.0.113.7', port: 56324 },
    ],
    [
      'in binary, of IPv6',
      fromHex(
        `${SIGNATURE}21210024` + '20010db8' + '00'.repeat(11) + '01' + '00'.repeat(16) + '0001' + '0fa0',
      ),
      { address: '2001:db8::1', port: 1 },
    ],
    ['in binary, of a Unix socket', fromHex(`${SIGNATURE}213100d8` + '00'.repeat(216)), undefined],
    ['in binary, of the balancer itself', fromHex(`${SIGNATURE}20000000`), undefined],
  ];

  for (const [what, header, source] of headers) {
    it(`is read: ${what}`, () => {
      expect(parseProxyHeader(header)).to.deep.equal({ length: header.length, source });
      expect(parseProxyHeader(concatBytes(header, utf8('more')))).to.deep.equal({
        length: header.length,
        source,
      });
      for (let end = 0; end < header.length; end++) {
        expect(parseProxyHeader(header.subarray(0, end))).to.equal(undefined);
      }
    });
  }

  for (const [what, bytes] of [
    ['a handshake response', fromHex('20000001')],
    ['a line of another protocol', utf8('GET / HTTP/1.1\r\n')],
    ['a line without end', utf8(`PROXY TCP4 ${'1'.repeat(107)}`)],
    ['an address of the other family', utf8('PROXY TCP4 ::1 ::1 1 2\r\n')],
    ['no address', utf8('PROXY TCP4 300.1.1.1 1.1.1.1 1 2\r\n')],
    ['no family', utf8('PROXY\r\n')],
    ['a port beyond all', utf8('PROXY TCP4 1.1.1.1 1.1.1.1 65536 2\r\n')],
    ['a missing port', utf8('PROXY TCP4 1.1.1.1 1.1.1.1 1\r\n')],
    ['too many words', utf8('PROXY TCP4 1.1.1.1 1.1.1.1 1 2 3\r\n')],
    ['another version', fromHex(`${SIGNATURE}3111000c`)],
    ['another command', fromHex(`${SIGNATURE}22110000`)],
    ['cut-off addresses', fromHex(`${SIGNATURE}21110004cb007107`)],
    ['cut-off addresses of IPv6', fromHex(`${SIGNATURE}2121000c${'00'.repeat(12)}`)],
    ['very much behind it', fromHex(`${SIGNATURE}2111ffff`)],
  ] as const) {
    it(`is refused: ${what}`, () => {
      expect(() => parseProxyHeader(bytes)).to.throw(ProtocolError, /PROXY header/);
    });
  }
});

describe('PROXY header, printed', () => {
  const here = { address: '10.0.0.1', port: 4000 };
  const there = { address: '203.0.113.7', port: 56324 };
  const far = { address: '2001:db8::1', port: 1 };
  const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');
  const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

  it('is what the specification says', () => {
    expect(text(printProxyHeader('v1', there, here))).to.equal(
      'PROXY TCP4 203.0.113.7 10.0.0.1 56324 4000\r\n',
    );
    expect(text(printProxyHeader('v1', far, { address: '::1', port: 65535 }))).to.equal(
      'PROXY TCP6 2001:db8::1 ::1 1 65535\r\n',
    );
    expect(text(printProxyHeader('v1'))).to.equal('PROXY UNKNOWN\r\n');
    expect(hex(printProxyHeader('v2', there, here))).to.equal(
      `${SIGNATURE}2111000c` + 'cb007107' + '0a000001' + 'dc04' + '0fa0',
    );
    expect(hex(printProxyHeader('v2', far, { address: '64:ff9b::1.2.3.4', port: 4000 }))).to.equal(
      `${SIGNATURE}21210024` +
        '20010db8' +
        '00'.repeat(11) +
        '01' +
        '0064ff9b' +
        '00'.repeat(8) +
        '01020304' +
        '0001' +
        '0fa0',
    );
    expect(hex(printProxyHeader('v2'))).to.equal(`${SIGNATURE}20000000`);
  });

  for (const version of PROXY_HEADER_VERSIONS) {
    const read = (address: string, destination?: typeof here): unknown => {
      const header = printProxyHeader(version, { address, port: 7 }, destination);
      const parsed = parseProxyHeader(header);
      expect(parsed?.length).to.equal(header.length);
      return parsed?.source;
    };

    it(`says the client's address, however Node writes it: ${version}`, () => {
      for (const address of ['0.0.0.0', '255.255.255.255', '::', '::1', 'ff02::1:2', '1:2:3:4:5:6:7:8']) {
        expect(read(address, here)).to.deep.equal({ address, port: 7 });
      }
      expect(read('::ffff:203.0.113.7', { address: '::ffff:10.0.0.1', port: 1 })).to.deep.equal({
        address: '203.0.113.7',
        port: 7,
      });
      expect(read('fe80::1%eth0')).to.deep.equal({ address: 'fe80::1', port: 7 });
    });

    it(`leaves out where the client connected to, if that is of the other family: ${version}`, () => {
      expect(printProxyHeader(version, there, far)).to.deep.equal(
        printProxyHeader(version, there, { address: '0.0.0.0', port: 0 }),
      );
      expect(printProxyHeader(version, far, here)).to.deep.equal(
        printProxyHeader(version, far, { address: '::', port: 0 }),
      );
      expect(printProxyHeader(version, there)).to.deep.equal(printProxyHeader(version, there, far));
    });
  }
});
