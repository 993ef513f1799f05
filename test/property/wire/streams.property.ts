// Whoever follows or reads a stream sees the same wherever it is cut into chunks.
import { expect } from 'chai';
import fc from 'fast-check';
import { concatBytes } from '../../../src/base/bytes.js';
import { AnswerFollower } from '../../../src/wire/answer-follower.js';
import { AnswerKind } from '../../../src/wire/answer-kind.js';
import { FULL_PAYLOAD } from '../../../src/wire/packet-header.js';
import { PacketSplitter } from '../../../src/wire/packet-splitter.js';
import { framePayload } from '../../../src/wire/packet-writer.js';
import { ProtocolError } from '../../../src/wire/protocol-error.js';
import { type Answer, everyAnswer } from '../../unit/wire/answers.js';

/** Cuts bytes at random places. */
function cut(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const ends = [...new Set([...places.map((place) => place % (bytes.length + 1)), bytes.length])].sort(
    (a, b) => a - b,
  );
  return ends.map((end, i) => bytes.subarray(ends[i - 1] ?? 0, end));
}

const places = fc.array(fc.nat(1 << 30), { maxLength: 60 });

describe('answer follower', () => {
  for (const isEofDeprecated of [false, true]) {
    const every = everyAnswer(isEofDeprecated);
    const scripts = fc.array(fc.constantFrom(...every), { minLength: 1, maxLength: 12 });

    it(`counts the answers that have passed after each chunk, EOF packets ${isEofDeprecated ? 'deprecated' : 'sent'}`, () => {
      fc.assert(
        fc.property(scripts, places, (script: readonly Answer[], where) => {
          const follower = new AnswerFollower(isEofDeprecated, 0);
          const errnos: number[] = [];
          for (const { kind } of script) follower.expect(kind, ({ errno }) => errnos.push(errno));
          let passed = 0;
          for (const chunk of cut(concatBytes(...script.map(({ bytes }) => bytes)), where)) {
            // Somewhere in a larger buffer, as a socket's chunk is.
            const buffer = concatBytes(Uint8Array.of(0xff, 0xff), chunk, Uint8Array.of(0xff));
            follower.feed(buffer, 2, 2 + chunk.length);
            passed += chunk.length;
            let end = 0;
            const ended = script.filter(({ bytes }) => (end += bytes.length) <= passed).length;
            expect(follower.pendingCount).to.equal(script.length - ended);
          }
          expect(errnos).to.deep.equal(script.map(({ errno }) => errno));
        }),
        { numRuns: 500 },
      );
    });
  }

  it('throws nothing but a ProtocolError whatever a server sends', () => {
    const kinds = fc.constantFrom(...Object.values(AnswerKind));
    const packets = fc.array(
      fc.tuple(
        fc.nat(9),
        fc.oneof(fc.constantFrom(0, 1, 0xfb, 0xfc, 0xfe, 0xff), fc.nat(255)),
        fc.uint8Array({ maxLength: 12 }),
      ),
    );
    fc.assert(
      fc.property(
        fc.boolean(),
        fc.array(kinds),
        packets,
        places,
        (isEofDeprecated, expected, sent, where) => {
          const follower = new AnswerFollower(isEofDeprecated, 0);
          for (const kind of expected) follower.expect(kind);
          const bytes = concatBytes(
            ...sent.map(([sequence, first, rest]) => framePayload(sequence, Uint8Array.of(first, ...rest))),
          );
          try {
            for (const chunk of cut(bytes, where)) follower.feed(chunk, 0, chunk.length);
          } catch (error) {
            expect(error).to.be.instanceOf(ProtocolError);
          }
        },
      ),
      { numRuns: 2000 },
    );
  });
});

describe('packet splitter', () => {
  it('gives the messages that were framed, wherever they are cut', () => {
    const payloads = fc.array(fc.uint8Array({ maxLength: 100 }), { maxLength: 8 });
    fc.assert(
      fc.property(payloads, places, (sent, where) => {
        const splitter = new PacketSplitter('tidb', 100);
        const got: Uint8Array[] = [];
        for (const chunk of cut(concatBytes(...sent.map((payload, i) => framePayload(i, payload))), where)) {
          splitter.feed(chunk);
          for (let message = splitter.next(); message !== undefined; message = splitter.next()) {
            expect(message.sequence).to.equal(got.length);
            got.push(Uint8Array.from(message.payload));
          }
        }
        expect(got).to.deep.equal(sent.map((payload) => Uint8Array.from(payload)));
      }),
    );
  });

  it('joins messages of several packets', () => {
    const lengths = fc.constantFrom(FULL_PAYLOAD - 1, FULL_PAYLOAD, FULL_PAYLOAD + 1, 2 * FULL_PAYLOAD);
    fc.assert(
      fc.property(lengths, places, (length, where) => {
        const splitter = new PacketSplitter('tidb', 2 * FULL_PAYLOAD);
        let got = 0;
        for (const chunk of cut(framePayload(0, new Uint8Array(length)), where)) {
          splitter.feed(chunk);
          const message = splitter.next();
          if (message !== undefined) got = message.payload.length;
        }
        expect(got).to.equal(length);
      }),
      { numRuns: 10 },
    );
  });
});
