import { expect } from 'chai';
import { concatBytes, toHex } from '../../../src/base/bytes.js';
import { type AnswerPlace, AnswerRewriter } from '../../../src/wire/answer-rewriter.js';
import { FULL_PAYLOAD } from '../../../src/wire/packet-header.js';
import { ProtocolError } from '../../../src/wire/protocol-error.js';
import { ServerStatus } from '../../../src/wire/server-status.js';
import { AnswerPrinter } from './answers.js';

const PLAIN = ServerStatus.autocommit;
const MORE = PLAIN | ServerStatus.moreResults;

/** An answer of several results, of whose last one `last` are the flags. */
const answers: Readonly<Record<string, (print: AnswerPrinter, last: number) => AnswerPrinter>> = {
  OK: (print, last) => print.ok(last),
  'OK with a message': (print, last) => print.ok(last, 'Records: 3  Duplicates: 0  Warnings: 0'),
  'an empty result': (print, last) => print.columns(1, last).rowsEnd(last),
  'a result': (print, last) => print.columns(300, last).row('x').row(null).row('þ').rowsEnd(last),
  'several results': (print, last) =>
    print.ok(MORE).columns(1, MORE).row('1').rowsEnd(MORE).columns(2, last).row('1', '2').rowsEnd(last),
  'several results, the last one OK': (print, last) => print.columns(1, MORE).rowsEnd(MORE).ok(last),
};

interface Rewritten {
  readonly bytes: Uint8Array;
  readonly rest: string;
  readonly errno: number | undefined;
  readonly status: number | undefined;
}

function rewrite(place: AnswerPlace, chunks: readonly Uint8Array[]): Rewritten {
  const rewriter = new AnswerRewriter(place);
  const parts: Uint8Array[] = [];
  for (const chunk of chunks) {
    // Lent, and overwritten afterwards.
    const lent = chunk.slice();
    const { bytes, rest, outcome } = rewriter.feed(lent);
    parts.push(bytes.slice());
    if (outcome !== undefined) {
      expect(rewriter.isInMessage).to.equal(false);
      return { ...outcome, bytes: concatBytes(...parts), rest: toHex(rest) };
    }
    lent.fill(0xee);
  }
  return { bytes: concatBytes(...parts), rest: '', errno: undefined, status: undefined };
}

describe('answer rewriter', () => {
  for (const isEofDeprecated of [false, true]) {
    for (const [name, build] of Object.entries(answers)) {
      const form = isEofDeprecated ? 'EOF deprecated' : 'EOF sent';
      it(`puts ${name} among others, wherever chunks cut it (${form})`, () => {
        for (const hasMore of [false, true]) {
          const print = new AnswerPrinter(isEofDeprecated);
          const sent = build(print.begin(1), PLAIN).take();
          const expected = toHex(build(print.begin(250), hasMore ? MORE : PLAIN).take());
          const place = { sequence: 250, hasMore, isEofDeprecated };
          for (let cut = 0; cut < sent.length; cut++) {
            const { bytes, rest, ...outcome } = rewrite(place, [sent.slice(0, cut), sent.slice(cut)]);
            expect(toHex(bytes), `cut at ${cut}`).to.equal(expected);
            expect({ rest, ...outcome }).to.deep.equal({ rest: '', errno: 0, status: PLAIN });
          }
        }
      });
    }
  }

  it('ends with an error, in whatever place', () => {
    const bodies = [
      (print: AnswerPrinter) => print,
      (print: AnswerPrinter) => print.ok(MORE),
      (print: AnswerPrinter) => print.columns(2, PLAIN).row('a', 'b'),
    ];
    for (const body of bodies) {
      const print = new AnswerPrinter(true);
      const sent = body(print.begin(1)).err(1146).take();
      const expected = toHex(body(print.begin(9)).err(1146).take());
      const { bytes, errno } = rewrite({ sequence: 9, hasMore: true, isEofDeprecated: true }, [sent]);
      expect([toHex(bytes), errno]).to.deep.equal([expected, 1146]);
    }
  });

  it('gives back what comes after the answer', () => {
    const sent = concatBytes(new AnswerPrinter(true).begin(1).ok(PLAIN).take(), Uint8Array.of(1, 2, 3));
    expect(rewrite({ sequence: 1, hasMore: false, isEofDeprecated: true }, [sent]).rest).to.equal('010203');
  });

  it('passes rows of several packets, and those that begin like an end', () => {
    const long = 'x'.repeat(FULL_PAYLOAD - 4);
    const body = (sequence: number, last: number): Uint8Array =>
      new AnswerPrinter(true).begin(sequence).columns(1, 0).row(long).row('y').rowsEnd(last).take();
    // The answer to a command of two packets begins with sequence id 2.
    const sent = body(2, PLAIN);
    const place = { sequence: 77, hasMore: true, isEofDeprecated: true };
    for (const cut of [100, FULL_PAYLOAD + 60, FULL_PAYLOAD + 70]) {
      const { bytes, errno } = rewrite(place, [sent.slice(0, cut), sent.slice(cut)]);
      expect(errno).to.equal(0);
      expect(Buffer.compare(bytes, body(77, MORE))).to.equal(0);
    }
  });

  it('knows when it stands inside a message', () => {
    const sent = new AnswerPrinter(true).begin(1).columns(1, 0).row('a longer row than a head').take();
    const rewriter = new AnswerRewriter({ sequence: 1, hasMore: true, isEofDeprecated: true });
    rewriter.feed(sent.slice(0, -1));
    expect(rewriter.isInMessage).to.equal(true);
    rewriter.feed(sent.slice(-1));
    expect(rewriter.isInMessage).to.equal(false);
  });

  it('refuses what cannot be followed', () => {
    const place = { sequence: 1, hasMore: true, isEofDeprecated: false };
    const print = new AnswerPrinter(false);
    const twice = concatBytes(print.begin(1).ok(MORE).take(), print.begin(1).ok(PLAIN).take());
    const file = print
      .begin(1)
      .message((out) => out.u8(0xfb).utf8('/tmp/file'))
      .take();
    const empty = print
      .begin(1)
      .message(() => undefined)
      .take();
    const noEof = new AnswerPrinter(true).begin(1).columns(1, 0).row('x').take();
    const cutOk = print
      .begin(1)
      .message((out) => out.u8(0).u8(0).u8(0).u8(2))
      .take();
    for (const bytes of [twice, file, empty, noEof, cutOk])
      expect(() => rewrite(place, [bytes]), toHex(bytes)).to.throw(ProtocolError);
  });
});
