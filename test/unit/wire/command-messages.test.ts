// Commands and the packets that answer them, against literal bytes.
import { expect } from 'chai';
import { AssertionError } from '../../../src/base/assert.js';
import { ByteWriter } from '../../../src/base/byte-writer.js';
import { NO_BYTES, concatBytes, fromHex, toHex, utf8 } from '../../../src/base/bytes.js';
import { AnswerKind, answerKindOf } from '../../../src/wire/answer-kind.js';
import { Capability } from '../../../src/wire/capability.js';
import { parseColumnDefinition, printColumnDefinition } from '../../../src/wire/column-definition.js';
import { parseChangeUser, printChangeUser } from '../../../src/wire/com-change-user.js';
import { parseFieldList, printFieldList } from '../../../src/wire/com-field-list.js';
import { parseSetOption, printSetOption } from '../../../src/wire/com-set-option.js';
import { Cursor, parseStmtExecute, printStmtExecute } from '../../../src/wire/com-stmt-execute.js';
import { parseStmtFetch, printStmtFetch } from '../../../src/wire/com-stmt-fetch.js';
import { parseStatementCommand, printStatementCommand } from '../../../src/wire/com-stmt-id.js';
import { parseStmtSendLongData, printStmtSendLongData } from '../../../src/wire/com-stmt-send-long-data.js';
import { parseTextCommand, printTextCommand } from '../../../src/wire/com-text.js';
import { Command } from '../../../src/wire/command.js';
import { parseEof, printEof } from '../../../src/wire/eof-packet.js';
import { parseErr, printErr } from '../../../src/wire/err-packet.js';
import { parseLocalInfile, printLocalInfile } from '../../../src/wire/local-infile.js';
import { OK_AS_EOF_HEADER, parseOk, plainOk, printOk } from '../../../src/wire/ok-packet.js';
import { parsePrepareOk, printPrepareOk } from '../../../src/wire/prepare-ok.js';
import { ProtocolError } from '../../../src/wire/protocol-error.js';

const print = (message: (out: ByteWriter) => void): string => {
  const out = new ByteWriter();
  message(out);
  return toHex(out.take());
};

describe('OK packet', () => {
  it('is read and printed as the protocol page shows it', () => {
    expect(print((out) => printOk(plainOk(2), out))).to.equal('00000002000000');
    expect(parseOk(fromHex('00000002000000'))).to.deep.equal(plainOk(2));
    expect(print((out) => printOk({ ...plainOk(2), warnings: 1 }, out, OK_AS_EOF_HEADER))).to.equal(
      'fe000002000100',
    );
  });

  it('has its message after a length', () => {
    const ok = { ...plainOk(3, 300n), lastInsertId: 1n << 33n, info: 'Rows' };
    const bytes = '00' + 'fc2c01' + 'fe0000000002000000' + '0300' + '0000' + '04526f7773';
    expect(print((out) => printOk(ok, out))).to.equal(bytes);
    expect(parseOk(fromHex(bytes))).to.deep.equal(ok);
  });

  it('may end with changes of the session', () => {
    const ok = { ...plainOk(0x4002), sessionState: fromHex('0401020304') };
    expect(parseOk(fromHex(print((out) => printOk(ok, out))))).to.deep.equal(ok);
  });

  it('refuses what is cut, or begins otherwise', () => {
    for (let length = 0; length < 7; length++) {
      expect(() => parseOk(fromHex('00000002000000').subarray(0, length))).to.throw(ProtocolError);
    }
    expect(() => parseOk(fromHex('01000002000000'))).to.throw(ProtocolError, 'begins with 1');
    expect(() => parseOk(fromHex('00fb0002000000'))).to.throw(ProtocolError, 'no length-encoded integer');
  });
});

describe('ERR packet', () => {
  it('is read and printed as the protocol page shows it', () => {
    const err = { errno: 1096, sqlState: 'HY000', message: 'No tables used' };
    const bytes = 'ff48042348593030304e6f207461626c65732075736564';
    expect(print((out) => printErr(err, out))).to.equal(bytes);
    expect(parseErr(fromHex(bytes))).to.deep.equal(err);
  });

  it('has no SQL state before the capabilities are known', () => {
    const err = { errno: 1040, sqlState: '', message: 'Too many connections' };
    const bytes = 'ff1004' + toHex(utf8('Too many connections'));
    expect(print((out) => printErr(err, out))).to.equal(bytes);
    expect(parseErr(fromHex(bytes))).to.deep.equal(err);
  });

  it('refuses what is cut, and SQL states that are none', () => {
    expect(() => parseErr(fromHex('ff48'))).to.throw(ProtocolError);
    expect(() => parseErr(fromHex('ff480423485930'))).to.throw(ProtocolError);
    for (const state of ['339ec76846', '6879303030', '4859303020'])
      expect(() => parseErr(fromHex(`ff160423${state}6e6f`))).to.throw(ProtocolError, 'no SQL state');
    expect(() => print((out) => printErr({ errno: 1, sqlState: 'hy000', message: '' }, out))).to.throw(
      AssertionError,
    );
  });
});

describe('EOF packet', () => {
  it('is read and printed as the protocol page shows it', () => {
    expect(print((out) => printEof({ warnings: 0, status: 2 }, out))).to.equal('fe00000200');
    expect(parseEof(fromHex('fe01000200'))).to.deep.equal({ warnings: 1, status: 2 });
    expect(() => parseEof(fromHex('fe010002'))).to.throw(ProtocolError);
    expect(() => parseEof(fromHex('fe0100020000'))).to.throw(ProtocolError, 'too many');
  });
});

describe('column definition', () => {
  // `SELECT a FROM t.t`, as MySQL's page shows one.
  const bytes =
    '03646566' +
    '0174' +
    '0174' +
    '0174' +
    '0161' +
    '0161' +
    '0c' +
    '3f00' +
    '0b000000' +
    '03' +
    '0350' +
    '00' +
    '0000';
  const column = {
    schema: 't',
    table: 't',
    orgTable: 't',
    name: 'a',
    orgName: 'a',
    collation: 63,
    length: 11,
    type: 3,
    flags: 0x5003,
    decimals: 0,
  };

  it('is read and printed', () => {
    expect(parseColumnDefinition(fromHex(bytes))).to.deep.equal(column);
    expect(print((out) => printColumnDefinition(column, out))).to.equal(bytes);
  });

  it('may be followed by a default value', () => {
    expect(parseColumnDefinition(fromHex(bytes + 'fb'))).to.deep.equal(column);
  });

  it('refuses what is malformed', () => {
    for (let length = 0; length < bytes.length / 2; length++) {
      expect(() => parseColumnDefinition(fromHex(bytes).subarray(0, length))).to.throw(ProtocolError);
    }
    expect(() => parseColumnDefinition(fromHex(bytes.replace('646566', '646567')))).to.throw(
      ProtocolError,
      'catalog',
    );
  });
});

describe('prepared statements', () => {
  it("are numbered by the answer's first packet", () => {
    const ok = { statementId: 1, columnCount: 1, parameterCount: 2, warnings: 0 };
    expect(print((out) => printPrepareOk(ok, out))).to.equal('000100000001000200000000');
    expect(parsePrepareOk(fromHex('000100000001000200000000'))).to.deep.equal(ok);
    expect(parsePrepareOk(fromHex('000100000001000200'))).to.deep.equal(ok);
    expect(() => parsePrepareOk(fromHex('0001000000010002'))).to.throw(ProtocolError);
  });

  it('are executed, fetched, closed, reset and given long data', () => {
    const execute = { statementId: 7, cursor: Cursor.readOnly, parameters: fromHex('0001') };
    expect(print((out) => printStmtExecute(execute, out))).to.equal('170700000001010000000001');
    expect(parseStmtExecute(fromHex('170700000001010000000001'))).to.deep.equal(execute);
    expect(print((out) => printStmtFetch({ statementId: 7, rows: 10 }, out))).to.equal('1c070000000a000000');
    expect(parseStmtFetch(fromHex('1c070000000a000000'))).to.deep.equal({ statementId: 7, rows: 10 });
    for (const command of [Command.stmtClose, Command.stmtReset]) {
      const bytes = print((out) => printStatementCommand({ command, statementId: 7 }, out));
      expect(bytes).to.equal(`${command.toString(16)}07000000`);
      expect(parseStatementCommand(fromHex(bytes))).to.deep.equal({ command, statementId: 7 });
    }
    const piece = { statementId: 7, parameter: 1, data: utf8('abc') };
    expect(print((out) => printStmtSendLongData(piece, out))).to.equal('18070000000100616263');
    expect(parseStmtSendLongData(fromHex('18070000000100616263'))).to.deep.equal(piece);
  });

  it('refuse what is malformed', () => {
    expect(() => parseStmtExecute(fromHex('1707000000'))).to.throw(ProtocolError);
    expect(() => parseStmtFetch(fromHex('1c070000000a0000'))).to.throw(ProtocolError);
    expect(() => parseStatementCommand(fromHex('1707000000'))).to.throw(ProtocolError);
    expect(() => parseStatementCommand(fromHex('1907000000ff'))).to.throw(ProtocolError);
    expect(() => parseStmtSendLongData(fromHex('180700000001'))).to.throw(ProtocolError);
  });
});

describe('other commands', () => {
  it('are a code and text', () => {
    for (const command of [Command.query, Command.stmtPrepare, Command.initDb]) {
      const message = { command, text: utf8('abc') };
      const bytes = print((out) => printTextCommand(message, out));
      expect(bytes).to.equal(`${command.toString(16).padStart(2, '0')}616263`);
      expect(parseTextCommand(fromHex(bytes))).to.deep.equal(message);
    }
    expect(() => parseTextCommand(fromHex('01'))).to.throw(ProtocolError);
    expect(() => parseTextCommand(NO_BYTES)).to.throw(ProtocolError);
  });

  it('ask for fields and options', () => {
    expect(print((out) => printFieldList({ table: 't', wildcard: '%' }, out))).to.equal('04740025');
    expect(parseFieldList(fromHex('04740025'))).to.deep.equal({ table: 't', wildcard: '%' });
    expect(print((out) => printSetOption(1, out))).to.equal('1b0100');
    expect(parseSetOption(fromHex('1b0100'))).to.equal(1);
    expect(() => parseFieldList(fromHex('0474'))).to.throw(ProtocolError);
    expect(() => parseSetOption(fromHex('1b01'))).to.throw(ProtocolError);
  });

  it('change the user', () => {
    const capabilities = Capability.pluginAuth | Capability.connectAttributes;
    const full = {
      user: 'u',
      authData: utf8('pw'),
      database: 'd',
      collation: 46,
      authPlugin: 'mysql_native_password',
      attributes: [['k', 'v']] as const,
    };
    const bytes = print((out) => printChangeUser(full, capabilities, out));
    const head = '11' + '7500' + '027077' + '6400' + '2e00';
    expect(bytes).to.equal(head + toHex(utf8('mysql_native_password\0')) + '04' + '016b' + '0176');
    expect(parseChangeUser(fromHex(bytes), capabilities)).to.deep.equal(full);
    const short = { ...full, collation: undefined, authPlugin: undefined, attributes: undefined };
    const shortBytes = print((out) => printChangeUser(short, capabilities, out));
    expect(shortBytes).to.equal(head.slice(0, -4));
    expect(parseChangeUser(fromHex(shortBytes), capabilities)).to.deep.equal(short);
    const plain = { ...full, authPlugin: undefined, attributes: undefined };
    expect(print((out) => printChangeUser(full, 0, out))).to.equal(head);
    expect(parseChangeUser(fromHex(head), 0)).to.deep.equal(plain);
    expect(() => parseChangeUser(fromHex('117500057077'), 0)).to.throw(ProtocolError);
  });

  it('are asked back for a file', () => {
    expect(print((out) => printLocalInfile('/etc/passwd', out))).to.equal('fb2f6574632f706173737764');
    expect(parseLocalInfile(fromHex('fb2f6574632f706173737764'))).to.equal('/etc/passwd');
    expect(() => parseLocalInfile(concatBytes(Uint8Array.of(0xfa)))).to.throw(ProtocolError);
  });
});

describe('answer kinds', () => {
  it('follow from the command', () => {
    const kinds = Object.fromEntries(
      Object.entries(Command).map(([name, command]) => [name, answerKindOf(command, undefined, 100)]),
    );
    const { none, result, single, prepare, rows, text, auth, twice, longData } = AnswerKind;
    expect(kinds).to.deep.equal({
      sleep: result,
      quit: none,
      initDb: single,
      query: result,
      fieldList: rows,
      refresh: single,
      shutdown: twice,
      statistics: text,
      processInfo: result,
      processKill: result,
      debug: single,
      ping: single,
      changeUser: auth,
      stmtPrepare: prepare,
      stmtExecute: result,
      stmtSendLongData: longData,
      stmtClose: none,
      stmtReset: single,
      setOption: single,
      stmtFetch: rows,
      resetConnection: single,
    });
  });

  it('know what TiDB answers twice, and what it refuses as too short', () => {
    expect(answerKindOf(Command.refresh, 1, 2)).to.equal(AnswerKind.twice);
    expect(answerKindOf(Command.refresh, 2, 2)).to.equal(AnswerKind.single);
    expect(answerKindOf(Command.stmtSendLongData, 0, 6)).to.equal(AnswerKind.single);
  });
});
