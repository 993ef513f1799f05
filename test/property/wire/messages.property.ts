// Every message is read as it was printed, and no bytes make a parser throw anything but a ProtocolError.
import { expect } from 'chai';
import fc from 'fast-check';
import { ByteWriter } from '../../../src/base/byte-writer.js';
import { parseAuthMoreData } from '../../../src/wire/auth-more-data.js';
import { parseAuthNextFactor } from '../../../src/wire/auth-next-factor.js';
import { parseAuthSwitch, printAuthSwitch } from '../../../src/wire/auth-switch.js';
import { parseBinaryRow, printBinaryRow } from '../../../src/wire/binary-row.js';
import { BinaryType, UNSIGNED_FLAG } from '../../../src/wire/binary-type.js';
import { Capability } from '../../../src/wire/capability.js';
import {
  type ColumnDefinition,
  parseColumnDefinition,
  printColumnDefinition,
} from '../../../src/wire/column-definition.js';
import { type ChangeUser, parseChangeUser, printChangeUser } from '../../../src/wire/com-change-user.js';
import { parseFieldList } from '../../../src/wire/com-field-list.js';
import { parseSetOption } from '../../../src/wire/com-set-option.js';
import { parseStmtExecute, printStmtExecute } from '../../../src/wire/com-stmt-execute.js';
import { parseStmtFetch } from '../../../src/wire/com-stmt-fetch.js';
import { parseStatementCommand } from '../../../src/wire/com-stmt-id.js';
import { parseStmtSendLongData, printStmtSendLongData } from '../../../src/wire/com-stmt-send-long-data.js';
import { parseTextCommand } from '../../../src/wire/com-text.js';
import { parseEof, printEof } from '../../../src/wire/eof-packet.js';
import { parseErr, printErr } from '../../../src/wire/err-packet.js';
import { parseGreeting, printGreeting } from '../../../src/wire/greeting.js';
import {
  type HandshakeResponse,
  parseHandshakeResponse,
  printHandshakeResponse,
} from '../../../src/wire/handshake-response.js';
import { parseLocalInfile } from '../../../src/wire/local-infile.js';
import { OK_AS_EOF_HEADER, OK_HEADER, parseOk, printOk } from '../../../src/wire/ok-packet.js';
import { parsePrepareOk, printPrepareOk } from '../../../src/wire/prepare-ok.js';
import { ProtocolError } from '../../../src/wire/protocol-error.js';
import { parseSslRequest } from '../../../src/wire/ssl-request.js';
import { parseTextRow, printTextRow } from '../../../src/wire/text-row.js';

const u8 = fc.nat(0xff);
const u16 = fc.nat(0xffff);
const u32 = fc.nat(0xffffffff);
const u64 = fc.bigInt(0n, (1n << 64n) - 1n);
const bytes = fc.uint8Array({ maxLength: 300 });
const text = fc.string({ unit: 'grapheme', maxLength: 40 });
/** Text that a zero byte may follow. */
const word = text.filter((value) => !value.includes('\0'));
const attributes = fc.array(fc.tuple(text, text), { maxLength: 4 });

function printed(print: (out: ByteWriter) => void): Uint8Array {
  const out = new ByteWriter(1);
  print(out);
  return out.take();
}

function roundTrip<T>(
  name: string,
  values: fc.Arbitrary<T>,
  print: (value: T, out: ByteWriter) => void,
  parse: (payload: Uint8Array) => T,
): void {
  it(`${name} is read as it was printed`, () => {
    fc.assert(
      fc.property(values, (value) => {
        expect(parse(printed((out) => print(value, out)))).to.deep.equal(value);
      }),
    );
  });
}

describe('messages', () => {
  const ok = fc.record({
    affectedRows: u64,
    lastInsertId: u64,
    status: u16,
    warnings: u16,
    info: text,
    sessionState: bytes,
  });
  roundTrip('OK', ok, (value, out) => printOk(value, out, OK_HEADER), parseOk);
  roundTrip('OK in the place of EOF', ok, (value, out) => printOk(value, out, OK_AS_EOF_HEADER), parseOk);
  roundTrip('EOF', fc.record({ warnings: u16, status: u16 }), printEof, parseEof);
  const sqlState = fc.string({
    unit: fc.constantFrom('0', '1', '2', '4', '9', 'H', 'S', 'X'),
    minLength: 5,
    maxLength: 5,
  });
  roundTrip('ERR', fc.record({ errno: u16, sqlState, message: text }), printErr, parseErr);
  const prepareOk = fc.record({ statementId: u32, columnCount: u16, parameterCount: u16, warnings: u16 });
  roundTrip('the answer to COM_STMT_PREPARE', prepareOk, printPrepareOk, parsePrepareOk);
  roundTrip(
    'AuthSwitchRequest',
    fc.record({ authPlugin: word, authData: bytes }),
    printAuthSwitch,
    parseAuthSwitch,
  );

  const column: fc.Arbitrary<ColumnDefinition> = fc.record({
    ...{ schema: text, table: text, orgTable: text, name: text, orgName: text },
    ...{ collation: u16, length: u32, type: u8, flags: u16, decimals: u8 },
  });
  roundTrip('a column definition', column, printColumnDefinition, parseColumnDefinition);

  const greeting = fc.record({
    ...{ serverVersion: word, connectionId: u32, authPlugin: word, collation: u8, status: u16 },
    authData: fc.uint8Array({ minLength: 21, maxLength: 40 }),
    capabilities: u32.map((bits) => (bits | Capability.protocol41 | Capability.pluginAuth) >>> 0),
  });
  roundTrip('a greeting', greeting, printGreeting, parseGreeting);

  const response: fc.Arbitrary<HandshakeResponse> = fc
    .record({
      ...{ maxPacketBytes: u32, collation: u8, user: word, database: word, authPlugin: word, attributes },
      authData: fc.uint8Array({ maxLength: 255 }).map((data) => data.map((byte) => byte || 1)),
      zstdLevel: u8,
      capabilities: u32,
    })
    .map((fields) => {
      const capabilities = (fields.capabilities | Capability.protocol41) >>> 0;
      const has = (capability: number): boolean => (capabilities & capability) !== 0;
      return {
        ...fields,
        capabilities,
        database: has(Capability.connectWithDb) ? fields.database : undefined,
        authPlugin: has(Capability.pluginAuth) ? fields.authPlugin : undefined,
        attributes: has(Capability.connectAttributes) ? fields.attributes : undefined,
        zstdLevel: has(Capability.zstdCompression) ? fields.zstdLevel : undefined,
      };
    });
  roundTrip('a handshake response', response, printHandshakeResponse, parseHandshakeResponse);

  const everything = Capability.pluginAuth | Capability.connectAttributes;
  const changeUser: fc.Arbitrary<ChangeUser> = fc.record({
    ...{ user: word, database: word, collation: u16, authPlugin: word, attributes },
    authData: fc.uint8Array({ maxLength: 255 }),
  });
  roundTrip(
    'COM_CHANGE_USER',
    changeUser,
    (value, out) => printChangeUser(value, everything, out),
    (payload) => parseChangeUser(payload, everything),
  );
  const execute = fc.record({ statementId: u32, cursor: u8, parameters: bytes });
  roundTrip('COM_STMT_EXECUTE', execute, printStmtExecute, parseStmtExecute);
  const piece = fc.record({ statementId: u32, parameter: u16, data: bytes });
  roundTrip('COM_STMT_SEND_LONG_DATA', piece, printStmtSendLongData, parseStmtSendLongData);

  it('a text row is read as it was printed', () => {
    fc.assert(
      fc.property(fc.array(fc.option(bytes), { maxLength: 8 }), (cells) => {
        expect(
          parseTextRow(
            printed((out) => printTextRow(cells, out)),
            cells.length,
          ),
        ).to.deep.equal(cells);
      }),
    );
  });

  it('a binary row of integers and strings is read as it was printed', () => {
    const of = (type: number, flags = 0): ColumnDefinition => ({
      ...{
        schema: '',
        table: '',
        orgTable: '',
        name: '',
        orgName: '',
        collation: 63,
        length: 0,
        decimals: 0,
      },
      ...{ type, flags },
    });
    const integer = (min: bigint, max: bigint): fc.Arbitrary<string> => fc.bigInt(min, max).map(String);
    const cell = fc.oneof(
      integer(-128n, 127n).map((value) => [of(BinaryType.tiny), value] as const),
      integer(0n, 255n).map((value) => [of(BinaryType.tiny, UNSIGNED_FLAG), value] as const),
      integer(-32768n, 32767n).map((value) => [of(BinaryType.short), value] as const),
      integer(-(1n << 31n), (1n << 31n) - 1n).map((value) => [of(BinaryType.long), value] as const),
      integer(-(1n << 63n), (1n << 63n) - 1n).map((value) => [of(BinaryType.longlong), value] as const),
      u64.map((value) => [of(BinaryType.longlong, UNSIGNED_FLAG), String(value)] as const),
      fc
        .double()
        .filter((value) => !Object.is(value, -0))
        .map((value) => [of(BinaryType.double), String(value)] as const),
      bytes.map((value) => [of(253), Buffer.from(value)] as const),
      fc.constant([of(BinaryType.tiny), null] as const),
    );
    fc.assert(
      fc.property(fc.array(cell, { maxLength: 20 }), (pairs) => {
        const columns = pairs.map(([definition]) => definition);
        const cells = pairs.map(([, value]) => value);
        const row = printed((out) => printBinaryRow(cells, columns, out));
        expect(parseBinaryRow(row, columns)).to.deep.equal(cells);
      }),
    );
  });

  it('of no bytes whatever make a parser throw anything but a ProtocolError', () => {
    const types = [...Object.values(BinaryType), 253];
    const parsers: ((payload: Uint8Array) => unknown)[] = [
      ...[
        parseOk,
        parseErr,
        parseEof,
        parseGreeting,
        parseHandshakeResponse,
        parseSslRequest,
        parseAuthSwitch,
      ],
      ...[parseAuthMoreData, parseAuthNextFactor, parseColumnDefinition, parsePrepareOk, parseLocalInfile],
      ...[parseStmtExecute, parseStmtFetch, parseStatementCommand, parseStmtSendLongData, parseTextCommand],
      ...[parseFieldList, parseSetOption],
      (payload) => parseChangeUser(payload, everything),
      (payload) => parseTextRow(payload, 3),
      ...types.map(
        (type) => (payload: Uint8Array) =>
          parseBinaryRow(payload, [
            {
              ...{ schema: '', table: '', orgTable: '', name: '', orgName: '', collation: 63, length: 0 },
              decimals: 6,
              flags: 0,
              type,
            },
          ]),
      ),
    ];
    const firsts = fc.constantFrom(
      0x00,
      0x01,
      0x02,
      0x03,
      0x0a,
      0x11,
      0x17,
      0x18,
      0x19,
      0x1c,
      0xfb,
      0xfe,
      0xff,
    );
    const payloads = fc.oneof(
      bytes,
      fc.tuple(firsts, bytes).map(([first, rest]) => Uint8Array.of(first, ...rest)),
    );
    fc.assert(
      fc.property(payloads, (payload) => {
        for (const parse of parsers) {
          try {
            parse(payload);
          } catch (error) {
            expect(error).to.be.instanceOf(ProtocolError);
          }
        }
      }),
      { numRuns: 2000 },
    );
  });
});
