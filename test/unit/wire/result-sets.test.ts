import { expect } from 'chai';
import { AssertionError } from '../../../src/base/assert.js';
import { NO_BYTES, concatBytes, toHex } from '../../../src/base/bytes.js';
import { ProtocolError } from '../../../src/wire/protocol-error.js';
import { plainOk } from '../../../src/wire/ok-packet.js';
import { ResultSetWriter } from '../../../src/wire/result-set-writer.js';
import { type ReadStep, TextResultReader } from '../../../src/wire/text-result-reader.js';
import { AnswerPrinter, column, fileAnswer } from './answers.js';

const text = (isEofDeprecated: boolean): { isEofDeprecated: boolean; isBinary: boolean } => ({
  isEofDeprecated,
  isBinary: false,
});

const readAll = (bytes: Uint8Array, isEofDeprecated: boolean, maxBytes = 1000): ReadStep =>
  new TextResultReader(isEofDeprecated, maxBytes).feed(bytes);

describe('result set writer', () => {
  for (const isEofDeprecated of [false, true]) {
    it(`writes what a reader reads, ${isEofDeprecated ? 'without' : 'with'} EOF packets`, () => {
      const writer = new ResultSetWriter(1, text(isEofDeprecated));
      writer.columns([column, { ...column, name: 'b' }], 2);
      expect(writer.isInResultSet).to.equal(true);
      writer.row(['x', null]);
      writer.row([Buffer.from('é'), '']);
      writer.end(2, 5);
      expect(writer.isInResultSet).to.equal(false);
      const step = readAll(writer.take(), isEofDeprecated);
      if (step.kind !== 'done' || step.outcome.kind !== 'result') throw new Error(step.kind);
      const { result } = step.outcome;
      expect(result.columns.map(({ name }) => name)).to.deep.equal(['a', 'b']);
      expect(result.rows.map((row) => row.map((cell) => cell?.toString() ?? null))).to.deep.equal([
        ['x', null],
        ['é', ''],
      ]);
      expect([result.status, result.warnings]).to.deep.equal([2, 5]);
      expect(step.rest).to.have.length(0);
    });
  }

  it('goes on counting sequence ids over what is taken out', () => {
    const writer = new ResultSetWriter(1, text(true));
    writer.columns([column], 2);
    writer.take();
    writer.row(['x']);
    expect(toHex(writer.take())).to.equal('02000003' + '0178');
    writer.err({ errno: 1, sqlState: 'HY000', message: '' });
    expect(toHex(writer.take())).to.equal('09000004' + 'ff0100' + '234859303030');
  });

  it('writes binary rows for an executed statement', () => {
    const writer = new ResultSetWriter(1, { isEofDeprecated: true, isBinary: true });
    writer.columns([{ ...column, type: 3 }], 2);
    writer.take();
    writer.row(['5']);
    expect(toHex(writer.take())).to.equal('06000003' + '0000' + '05000000');
  });

  it('keeps the order of an answer', () => {
    const writer = new ResultSetWriter(1, text(true));
    expect(() => writer.row(['x'])).to.throw(AssertionError, 'after columns');
    expect(() => writer.end(0)).to.throw(AssertionError);
    expect(() => writer.columns([], 0)).to.throw(AssertionError);
    writer.columns([column], 0);
    expect(() => writer.columns([column], 0)).to.throw(AssertionError);
    expect(() => writer.ok(plainOk(0))).to.throw(AssertionError);
    expect(() => writer.row(['x', 'y'])).to.throw(AssertionError, '2 cells, 1 columns');
  });
});

for (const isEofDeprecated of [false, true]) {
  describe(`text result reader, EOF packets ${isEofDeprecated ? 'deprecated' : 'sent'}`, () => {
    const print = new AnswerPrinter(isEofDeprecated);
    const rows = print.begin().columns(1, 0).row('x').row('y').rowsEnd(2).take();

    it('reads the same wherever the answer is cut', () => {
      for (let step = 1; step < rows.length; step++) {
        const reader = new TextResultReader(isEofDeprecated, 1000);
        let last: ReadStep = { kind: 'more' };
        for (let at = 0; at < rows.length; at += step) {
          expect(last.kind).to.equal('more');
          last = reader.feed(rows.subarray(at, at + step));
        }
        if (last.kind !== 'done' || last.outcome.kind !== 'result') throw new Error(last.kind);
        expect(last.outcome.result.rows.map(([cell]) => cell?.toString())).to.deep.equal(['x', 'y']);
      }
    });

    it('reads OK and ERR', () => {
      const ok = readAll(print.begin().ok(3, 'info').take(), isEofDeprecated);
      if (ok.kind !== 'done' || ok.outcome.kind !== 'result') throw new Error(ok.kind);
      const { columns, affectedRows, lastInsertId, status } = ok.outcome.result;
      expect([columns.length, affectedRows, lastInsertId, status]).to.deep.equal([0, 70_000n, 1n << 40n, 3]);
      const err = readAll(print.begin().columns(1, 0).row('x').err(1105).take(), isEofDeprecated);
      if (err.kind !== 'done' || err.outcome.kind !== 'error') throw new Error(err.kind);
      expect(err.outcome.err).to.deep.equal({ errno: 1105, sqlState: '42000', message: 'no such thing' });
    });

    it('gives back what comes after the answer', () => {
      const step = readAll(concatBytes(rows, Uint8Array.of(1, 2)), isEofDeprecated);
      expect(step.kind === 'done' ? toHex(step.rest) : step.kind).to.equal('0102');
    });

    it('reads several results and leaves the last', () => {
      const several = print
        .begin()
        .columns(1, 10)
        .row('first')
        .rowsEnd(10)
        .columns(1, 0)
        .row('last')
        .rowsEnd(2)
        .take();
      const step = readAll(several, isEofDeprecated);
      if (step.kind !== 'done' || step.outcome.kind !== 'result') throw new Error(step.kind);
      expect(step.outcome.result.rows.map(([cell]) => cell?.toString())).to.deep.equal(['last']);
    });

    it('says when a file is asked for, and reads on', () => {
      const [request, end] = fileAnswer(isEofDeprecated);
      const reader = new TextResultReader(isEofDeprecated, 1000);
      expect(reader.feed(request)).to.deep.equal({ kind: 'file', sequence: 2 });
      expect(reader.feed(NO_BYTES).kind).to.equal('more');
      expect(reader.feed(end).kind).to.equal('done');
    });

    it('reads an answer over its bound to the end, and says so', () => {
      const reader = new TextResultReader(isEofDeprecated, 20);
      const many = print.begin().columns(1, 0);
      for (let i = 0; i < 10; i++) many.row('xxxxxxxx');
      const step = reader.feed(many.rowsEnd(2).take());
      expect(step.kind === 'done' ? step.outcome.kind : step.kind).to.equal('tooLarge');
    });

    it('refuses an answer that makes no sense', () => {
      const noCount = print
        .begin()
        .message((out) => out.u8(0xfc).u16le(0))
        .take();
      const badCount = print
        .begin()
        .message((out) => out.u8(1).u8(1))
        .take();
      const badRow = print.begin().columns(2, 0).row('x').take();
      for (const bytes of [noCount, badCount, badRow]) {
        expect(() => readAll(bytes, isEofDeprecated)).to.throw(ProtocolError);
      }
    });
  });
}
