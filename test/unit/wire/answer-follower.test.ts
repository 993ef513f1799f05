import { expect } from 'chai';
import { concatBytes } from '../../../src/base/bytes.js';
import { AnswerFollower } from '../../../src/wire/answer-follower.js';
import { AnswerKind } from '../../../src/wire/answer-kind.js';
import type { AnswerOutcome } from '../../../src/wire/expected-answers.js';
import { frame } from '../../../src/wire/packet-writer.js';
import { ProtocolError } from '../../../src/wire/protocol-error.js';
import { type Answer, AnswerPrinter, everyAnswer, fileAnswer } from './answers.js';

const INITIAL_STATUS = 0x4000;

interface Followed {
  readonly follower: AnswerFollower;
  readonly outcomes: AnswerOutcome[];
}

function follow(answers: readonly Answer[], isEofDeprecated: boolean): Followed {
  const follower = new AnswerFollower(isEofDeprecated, INITIAL_STATUS);
  const outcomes: AnswerOutcome[] = [];
  for (const { kind } of answers) follower.expect(kind, (outcome) => outcomes.push(outcome));
  return { follower, outcomes };
}

/** The status after each answer: one without OK or EOF leaves it as it was, or as its last OK or EOF said. */
function expectOutcomes(outcomes: readonly AnswerOutcome[], answers: readonly Answer[]): void {
  expect(outcomes.map(({ errno }) => errno)).to.deep.equal(answers.map(({ errno }) => errno));
  answers.forEach(({ status, name }, i) => {
    if (status >= 0) expect(outcomes[i]?.status, name).to.equal(status);
  });
}

for (const isEofDeprecated of [false, true]) {
  const answers = everyAnswer(isEofDeprecated);
  const form = isEofDeprecated ? 'EOF packets deprecated' : 'EOF packets sent';

  describe(`answer follower, ${form}`, () => {
    for (const answer of answers) {
      it(`sees the end of ${answer.name} wherever it is cut in two`, () => {
        const { bytes } = answer;
        for (let cut = 0; cut <= bytes.length; cut++) {
          const { follower, outcomes } = follow([answer], isEofDeprecated);
          follower.feed(bytes, 0, cut);
          expect(follower.pendingCount, `after ${cut} bytes`).to.equal(cut < bytes.length ? 1 : 0);
          follower.feed(bytes, cut, bytes.length);
          expect(follower.pendingCount).to.equal(0);
          expectOutcomes(outcomes, [answer]);
        }
      });

      it(`sees the end of ${answer.name} at its last byte, fed byte by byte`, () => {
        const { follower, outcomes } = follow([answer], isEofDeprecated);
        answer.bytes.forEach((byte, at) => {
          expect(follower.pendingCount, `before byte ${at}`).to.equal(1);
          follower.feed(Uint8Array.of(byte), 0, 1);
        });
        expect(follower.pendingCount).to.equal(0);
        expectOutcomes(outcomes, [answer]);
      });
    }

    it('keeps count of answers that come together', () => {
      const { follower, outcomes } = follow(answers, isEofDeprecated);
      const all = concatBytes(...answers.map(({ bytes }) => bytes));
      follower.feed(all, 0, all.length);
      expect(follower.pendingCount).to.equal(0);
      expectOutcomes(outcomes, answers);
    });

    it('turns the direction for a file and back', () => {
      const [request, end] = fileAnswer(isEofDeprecated);
      const { follower, outcomes } = follow([], isEofDeprecated);
      follower.expect(AnswerKind.result, (outcome) => outcomes.push(outcome));
      for (const byte of request) {
        expect(follower.takeFileRequest()).to.equal(false);
        follower.feed(Uint8Array.of(byte), 0, 1);
      }
      expect(follower.takeFileRequest()).to.equal(true);
      expect(follower.takeFileRequest()).to.equal(false);
      expect(follower.pendingCount).to.equal(1);
      follower.feed(end, 0, end.length);
      expect(outcomes).to.deep.equal([{ errno: 0, status: 2 }]);
    });

    for (const length of [0xff_ff_fe, 0xff_ff_ff, 0x1_00_00_00, 0x1_00_00_09, 0x1_ff_ff_fe]) {
      it(`passes over a row of ${length} bytes`, () => {
        // From 16 MiB on, a cell's length takes nine bytes, the first of them 0xFE: an EOF packet's first byte.
        const cell = Buffer.alloc(length - (length < 0x1_00_00_04 ? 4 : 9), 'x');
        const print = new AnswerPrinter(isEofDeprecated).begin().columns(1, 0);
        const columns = print.take();
        const rows = print.row(cell).row('y').rowsEnd(2).take();
        expect(rows[4]).to.equal(cell.length < 0x1_00_00_00 ? 0xfd : 0xfe);
        const bytes = concatBytes(columns, rows);
        for (const step of [bytes.length, 65_536, 65_521, 0xff_ff_ff]) {
          const { follower, outcomes } = follow([], isEofDeprecated);
          follower.expect(AnswerKind.result, (outcome) => outcomes.push(outcome));
          for (let at = 0; at < bytes.length; at += step) {
            expect(follower.pendingCount).to.equal(1);
            const chunk = bytes.subarray(at, at + step);
            follower.feed(chunk, 0, chunk.length);
          }
          expect(outcomes).to.deep.equal([{ errno: 0, status: 2 }]);
        }
      });
    }

    it('lets go an ERR packet that nobody asked for: the server ends the connection', () => {
      const { follower } = follow([], isEofDeprecated);
      const err = new AnswerPrinter(isEofDeprecated).begin(0).err(1053).take();
      follower.feed(err, 0, err.length);
      expect(follower.pendingCount).to.equal(0);
    });
  });
}

describe('answer follower', () => {
  const print = new AnswerPrinter(false);
  const refusal = (text: string): Uint8Array =>
    print
      .begin()
      .message((out) => out.u8(0xff).u16le(1243).utf8(`#HY000Unknown statement given to ${text}`))
      .take();

  it('waits for no answer to long data', () => {
    const { follower } = follow([], false);
    follower.expect(AnswerKind.longData);
    expect(follower.pendingCount).to.equal(0);
    expect(follower.lastExpected).to.equal(AnswerKind.longData);
  });

  it("takes TiDB's refusal of long data for no other command's answer", () => {
    const { follower, outcomes } = follow([], false);
    follower.expect(AnswerKind.longData);
    follower.expect(AnswerKind.longData);
    follower.expect(AnswerKind.result, (outcome) => outcomes.push(outcome));
    const refused = refusal('stmt_send_longdata');
    follower.feed(refused, 0, refused.length);
    expect(follower.pendingCount).to.equal(1);
    const ok = print.begin().ok(2).take();
    follower.feed(ok, 0, ok.length);
    expect(outcomes).to.deep.equal([{ errno: 0, status: 2 }]);
  });

  it('takes another ERR packet after long data for the answer to what follows it', () => {
    const { follower, outcomes } = follow([], false);
    follower.expect(AnswerKind.longData);
    follower.expect(AnswerKind.result, (outcome) => outcomes.push(outcome));
    const refused = refusal('stmt_execute');
    follower.feed(refused, 0, refused.length);
    expect(outcomes.map(({ errno }) => errno)).to.deep.equal([1243]);
  });

  const lost: readonly (readonly [string, number, Uint8Array])[] = [
    ['a message that answers nothing', -1, print.begin().ok(2).take()],
    ['an empty message', AnswerKind.result, frame(1, () => undefined)],
    [
      'sequence ids that jump',
      AnswerKind.result,
      concatBytes(print.begin().columns(1, 0).take(), print.begin(9).row('x').take()),
    ],
    [
      'a column count of odd length',
      AnswerKind.result,
      print
        .begin()
        .message((out) => out.u8(3).u8(0))
        .take(),
    ],
    [
      'a result set without columns',
      AnswerKind.result,
      print
        .begin()
        .message((out) => out.u8(0xfc).u16le(0))
        .take(),
    ],
    [
      'no EOF packet after the columns',
      AnswerKind.result,
      print
        .begin()
        .message((out) => out.u8(1))
        .definitions(1)
        .row('x')
        .take(),
    ],
    ['a row where one packet comes', AnswerKind.single, print.begin().row('x').take()],
    [
      'a cut OK packet',
      AnswerKind.single,
      print
        .begin()
        .message((out) => out.u8(0).u8(0))
        .take(),
    ],
    [
      'a cut EOF packet',
      AnswerKind.single,
      print
        .begin()
        .message((out) => out.u8(0xfe).u8(0))
        .take(),
    ],
    [
      'a cut statement number',
      AnswerKind.prepare,
      print
        .begin()
        .message((out) => out.u8(0).u32le(1))
        .take(),
    ],
    [
      'an answer that begins with 0xFE',
      AnswerKind.result,
      print
        .begin()
        .message((out) => out.u8(0xfe).fill(0, 20))
        .take(),
    ],
  ];
  for (const [what, kind, bytes] of lost) {
    it(`notices ${what}`, () => {
      const { follower } = follow(
        kind < 0 ? [] : [{ name: '', kind: AnswerKind.single, bytes, errno: 0, status: -1 }],
        false,
      );
      if (kind >= 0) {
        const before = print.begin().ok(2).take();
        follower.feed(before, 0, before.length);
        follower.expect(kind as typeof AnswerKind.single);
      }
      expect(() => follower.feed(bytes, 0, bytes.length)).to.throw(ProtocolError, 'lost track');
    });
  }

  it('says where the message began that it could not follow, and what its sequence id should be', () => {
    const { follower } = follow([], false);
    follower.expect(AnswerKind.result);
    const good = print.begin().columns(1, 0).row('x').take();
    const bytes = concatBytes(good, print.begin(77).row('y').take());
    expect(() => follower.feed(bytes, 0, bytes.length)).to.throw(ProtocolError);
    expect(follower.errorAt).to.equal(good.length);
    expect(follower.errorSequence).to.equal(5);
  });

  it('does not say so if the message began in an earlier chunk', () => {
    const { follower } = follow([], false);
    const bytes = print.begin().ok(2).take();
    follower.feed(bytes, 0, 6);
    expect(() => follower.feed(bytes, 6, bytes.length)).to.throw(ProtocolError);
    expect(follower.errorAt).to.equal(-1);
  });

  it('refuses commands that were sent before the file that LOAD DATA LOCAL asks for', () => {
    const { follower } = follow([], false);
    follower.expect(AnswerKind.result);
    follower.expect(AnswerKind.result);
    const [request] = fileAnswer(false);
    expect(() => follower.feed(request, 0, request.length)).to.throw(ProtocolError, 'LOAD DATA LOCAL');
  });
});
