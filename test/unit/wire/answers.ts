/**
 * Answers of every kind, byte for byte, for the tests of whoever follows them. Built from the printers, whose own
 * bytes are checked against literal ones in the messages' tests.
 */
import { concatBytes } from '../../../src/base/bytes.js';
import type { ByteWriter } from '../../../src/base/byte-writer.js';
import { AnswerKind, type AnswerKindCode } from '../../../src/wire/answer-kind.js';
import { printAuthMoreData } from '../../../src/wire/auth-more-data.js';
import { printAuthSwitch } from '../../../src/wire/auth-switch.js';
import { type ColumnDefinition, printColumnDefinition } from '../../../src/wire/column-definition.js';
import { printEof } from '../../../src/wire/eof-packet.js';
import { printErr } from '../../../src/wire/err-packet.js';
import { writeLenencInt } from '../../../src/wire/length-encoding.js';
import { OK_AS_EOF_HEADER, plainOk, printOk } from '../../../src/wire/ok-packet.js';
import { PacketWriter } from '../../../src/wire/packet-writer.js';
import { printPrepareOk } from '../../../src/wire/prepare-ok.js';
import { ServerStatus } from '../../../src/wire/server-status.js';
import { type Cell, printTextRow } from '../../../src/wire/text-row.js';

/** One command's answer, in pieces between which the client has its say (usually one). */
export interface Answer {
  readonly name: string;
  readonly kind: AnswerKindCode;
  readonly bytes: Uint8Array;
  /** What is known when it has ended. */
  readonly errno: number;
  readonly status: number;
}

export const column: ColumnDefinition = {
  schema: 'db',
  table: 't',
  orgTable: 't',
  name: 'a',
  orgName: 'a',
  collation: 46,
  length: 80,
  type: 253,
  flags: 0,
  decimals: 0,
};

/** Prints answers for one setting of the capability deprecateEof. */
export class AnswerPrinter {
  readonly #isEofDeprecated: boolean;
  #packets = new PacketWriter(1);

  constructor(isEofDeprecated: boolean) {
    this.#isEofDeprecated = isEofDeprecated;
  }

  /** Begins an answer. */
  begin(sequence = 1): this {
    this.#packets = new PacketWriter(sequence);
    return this;
  }

  message(print: (out: ByteWriter) => void): this {
    this.#packets.message(print);
    return this;
  }

  ok(status: number, info = ''): this {
    return this.message((out) =>
      printOk({ ...plainOk(status, 70_000n), lastInsertId: 1n << 40n, info }, out),
    );
  }

  err(errno = 1064): this {
    return this.message((out) => printErr({ errno, sqlState: '42000', message: 'no such thing' }, out));
  }

  /** The end of columns (where there is one). */
  columnsEnd(status: number): this {
    return this.#isEofDeprecated ? this : this.message((out) => printEof({ warnings: 0, status }, out));
  }

  rowsEnd(status: number): this {
    return this.#isEofDeprecated
      ? this.message((out) => printOk({ ...plainOk(status), warnings: 3 }, out, OK_AS_EOF_HEADER))
      : this.message((out) => printEof({ warnings: 3, status }, out));
  }

  columns(count: number, status: number): this {
    this.message((out) => writeLenencInt(out, count));
    return this.definitions(count).columnsEnd(status);
  }

  definitions(count: number): this {
    for (let i = 0; i < count; i++) this.message((out) => printColumnDefinition(column, out));
    return this;
  }

  row(...cells: Cell[]): this {
    return this.message((out) => printTextRow(cells, out));
  }

  take(): Uint8Array {
    return this.#packets.take();
  }
}

const AUTOCOMMIT = ServerStatus.autocommit;
const MORE = AUTOCOMMIT | ServerStatus.moreResults;

/** One answer of every form (small ones: they are cut at every byte). */
export function everyAnswer(isEofDeprecated: boolean): readonly Answer[] {
  const print = new AnswerPrinter(isEofDeprecated);
  const result = AnswerKind.result;
  const answer = (
    name: string,
    kind: AnswerKindCode,
    body: AnswerPrinter,
    end = AUTOCOMMIT,
    errno = 0,
  ): Answer => ({
    name,
    kind,
    bytes: body.take(),
    errno,
    status: end,
  });
  return [
    answer('OK', result, print.begin().ok(AUTOCOMMIT)),
    answer('OK with a message', result, print.begin().ok(AUTOCOMMIT | 1, 'Rows matched: 1'), AUTOCOMMIT | 1),
    answer('ERR', result, print.begin().err(), -1, 1064),
    answer('an empty result set', result, print.begin().columns(1, 0).rowsEnd(AUTOCOMMIT)),
    answer(
      'a result set',
      result,
      print.begin().columns(2, 0).row('x', null).row(null, 'y').row('', 'ÿþ').rowsEnd(AUTOCOMMIT),
    ),
    answer('a result set of 300 columns', result, print.begin().columns(300, 0).rowsEnd(AUTOCOMMIT)),
    answer('ERR in the place of a row', result, print.begin().columns(1, 0).row('x').err(1105), -1, 1105),
    answer(
      'ERR in the place of a column',
      result,
      print
        .begin()
        .message((out) => out.u8(2))
        .definitions(1)
        .err(9),
      -1,
      9,
    ),
    answer(
      'several results',
      result,
      print
        .begin()
        .ok(MORE)
        .columns(1, MORE)
        .row('1')
        .rowsEnd(MORE)
        .ok(MORE)
        .columns(1, 0)
        .rowsEnd(AUTOCOMMIT),
    ),
    answer(
      'several results, the last one ERR',
      result,
      print.begin().columns(1, MORE).rowsEnd(MORE).err(),
      -1,
      1064,
    ),
    answer('binary rows', result, binaryRows(print)),
    answer('a cursor', result, cursor(print, isEofDeprecated), AUTOCOMMIT | ServerStatus.cursorExists),
    answer('OK to a ping', AnswerKind.single, print.begin().ok(AUTOCOMMIT)),
    answer('EOF to COM_SET_OPTION', AnswerKind.single, print.begin().rowsEnd(AUTOCOMMIT)),
    answer('ERR to COM_INIT_DB', AnswerKind.single, print.begin().err(1049), -1, 1049),
    ...[
      [0, 0],
      [2, 0],
      [0, 3],
      [2, 3],
    ].map(([parameters = 0, columns = 0]) =>
      answer(
        `a prepared statement of ${parameters} parameters and ${columns} columns`,
        AnswerKind.prepare,
        prepared(print, parameters, columns),
        -1,
      ),
    ),
    answer('ERR to COM_STMT_PREPARE', AnswerKind.prepare, print.begin().err(), -1, 1064),
    answer(
      'fetched rows',
      AnswerKind.rows,
      print
        .begin()
        .row('x')
        .row('y')
        .rowsEnd(AUTOCOMMIT | 128),
      AUTOCOMMIT | 128,
    ),
    answer('no fetched rows', AnswerKind.rows, print.begin().rowsEnd(AUTOCOMMIT | 128), AUTOCOMMIT | 128),
    answer('a list of fields', AnswerKind.rows, print.begin().definitions(2).rowsEnd(AUTOCOMMIT)),
    answer('ERR to COM_STMT_FETCH', AnswerKind.rows, print.begin().err(1243), -1, 1243),
    answer(
      'statistics',
      AnswerKind.text,
      print.begin().message((out) => out.utf8('Uptime: 5  Threads: 0')),
      -1,
    ),
    answer('a login at once', AnswerKind.auth, print.begin().ok(AUTOCOMMIT)),
    answer('a refused login', AnswerKind.auth, print.begin().err(1045), -1, 1045),
    answer('a login in steps', AnswerKind.auth, login(print)),
    answer('two OKs to FLUSH PRIVILEGES', AnswerKind.twice, print.begin().ok(1).ok(AUTOCOMMIT)),
    answer('ERR to FLUSH PRIVILEGES', AnswerKind.twice, print.begin().err(1227), -1, 1227),
  ];
}

/** The answer to LOAD DATA LOCAL, before and after the client has sent its file. */
export function fileAnswer(isEofDeprecated: boolean): readonly [Uint8Array, Uint8Array] {
  const print = new AnswerPrinter(isEofDeprecated);
  const request = print
    .begin()
    .message((out) => out.u8(0xfb).utf8('/tmp/file'))
    .take();
  return [request, print.begin(7).ok(AUTOCOMMIT, 'Records: 3').take()];
}

function binaryRows(print: AnswerPrinter): AnswerPrinter {
  const row = (out: ByteWriter): unknown => out.u8(0).u8(0).u32le(17);
  return print.begin().columns(1, 0).message(row).message(row).rowsEnd(AUTOCOMMIT);
}

function cursor(print: AnswerPrinter, isEofDeprecated: boolean): AnswerPrinter {
  const status = AUTOCOMMIT | ServerStatus.cursorExists;
  const begun = print.begin().columns(1, status);
  return isEofDeprecated ? begun.rowsEnd(status) : begun;
}

function prepared(print: AnswerPrinter, parameterCount: number, columnCount: number): AnswerPrinter {
  print
    .begin()
    .message((out) => printPrepareOk({ statementId: 1, columnCount, parameterCount, warnings: 0 }, out));
  if (parameterCount > 0) print.definitions(parameterCount).columnsEnd(AUTOCOMMIT);
  if (columnCount > 0) print.definitions(columnCount).columnsEnd(AUTOCOMMIT);
  return print;
}

function login(print: AnswerPrinter): AnswerPrinter {
  const salt = concatBytes(new Uint8Array(20).fill(7), new Uint8Array(1));
  print
    .begin()
    .message((out) => printAuthSwitch({ authPlugin: 'caching_sha2_password', authData: salt }, out));
  // The client's answers lie between, so the next one's sequence id is not 2.
  const switched = print.take();
  print.begin(3).message((out) => printAuthMoreData(Uint8Array.of(4), out));
  const more = print.take();
  print.begin(5).ok(AUTOCOMMIT);
  const rest = print.take();
  const joined = new AnswerPrinter(true);
  joined.take = () => concatBytes(switched, more, rest);
  return joined;
}
