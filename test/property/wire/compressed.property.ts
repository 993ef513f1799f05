// Two compressed legs, one at each end of a connection, are nothing but a detour: whatever a client and a server say
// to each other, in whatever pieces, comes out as it went in.
import fc from 'fast-check';
import { expect } from 'chai';
import { NO_BYTES, concatBytes, toHex } from '../../../src/base/bytes.js';
import { CompressedClientLeg } from '../../../src/wire/compressed-client-leg.js';
import type { CompressedLeg } from '../../../src/wire/compressed-leg.js';
import { CompressedServerLeg } from '../../../src/wire/compressed-server-leg.js';
import { HEADER_BYTES } from '../../../src/wire/packet-header.js';
import { PacketWriter } from '../../../src/wire/packet-writer.js';

/** One turn of a conversation: so many messages of one side, of these lengths. */
interface Turn {
  readonly from: 'client' | 'server';
  readonly lengths: readonly number[];
}

/** A command, its answer, and perhaps a file and what comes after it. */
interface Exchange {
  readonly command: number;
  readonly answer: readonly number[];
  readonly file: readonly number[] | undefined;
}

function turnsOf({ command, answer, file }: Exchange): Turn[] {
  const turns: Turn[] = [
    { from: 'client', lengths: [command] },
    { from: 'server', lengths: answer },
  ];
  if (file === undefined) return turns;
  return [...turns, { from: 'client', lengths: [...file, 0] }, { from: 'server', lengths: answer }];
}

/** Of packets with payloads of these lengths. */
function bytesOf(lengths: readonly number[]): number {
  return lengths.reduce((sum, length) => sum + HEADER_BYTES + length, 0);
}

/** Sends bytes through, in pieces of `piece`, arriving in pieces of `chunk`. */
function pass(
  bytes: Uint8Array,
  from: CompressedLeg,
  to: CompressedLeg,
  piece: number,
  chunk: number,
): Uint8Array {
  const out: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += piece) {
    const frames = concatBytes(...from.frame(bytes.subarray(at, at + piece)));
    for (let i = 0; i < frames.length; i += chunk) {
      to.feed(frames.subarray(i, i + chunk));
      for (let part = to.next(); part !== undefined; part = to.next()) out.push(part);
    }
  }
  return concatBytes(...out);
}

describe('a compressed connection', () => {
  it('gives what it was given, with the same sequence ids', () => {
    const length = fc.integer({ min: 1, max: 300 });
    const plain = fc.record({
      command: length,
      answer: fc.oneof(
        fc.array(length, { minLength: 1, maxLength: 8 }),
        fc.constant(Array.from({ length: 256 }, () => 5)),
      ),
      file: fc.constant(undefined),
    });
    // Short enough for frames not to be 256 before the file: see CompressedClientLeg.
    const withFile = fc.record({
      command: length,
      answer: fc.array(length, { minLength: 1, maxLength: 8 }),
      file: fc.array(length, { maxLength: 300 }),
    });
    const exchange = fc.oneof(plain, withFile);
    fc.assert(
      fc.property(
        fc.array(exchange, { minLength: 1, maxLength: 6 }),
        fc.integer({ min: 16, max: 700 }),
        fc.integer({ min: 1, max: 700 }),
        (exchanges, piece, chunk) => {
          const [client, server] = [new CompressedServerLeg(), new CompressedClientLeg()];
          for (const each of exchanges) {
            const writer = new PacketWriter(0);
            for (const { from, lengths } of turnsOf(each)) {
              for (const bytes of lengths) writer.payload(new Uint8Array(bytes).fill(bytes));
              const said = writer.take();
              const heard =
                from === 'client'
                  ? pass(said, client, server, piece, chunk)
                  : pass(said, server, client, piece, chunk);
              expect(toHex(heard)).to.equal(toHex(said));
            }
          }
        },
      ),
      { numRuns: 100 },
    );
  });

  it('gives several commands sent at once, and their answers, as they were', () => {
    const size = fc.integer({ min: 1, max: 40 });
    fc.assert(
      fc.property(
        fc.array(fc.tuple(size, fc.array(size, { minLength: 1, maxLength: 40 })), { minLength: 1 }),
        size,
        (all, piece) => {
          // What follows an answer of exactly 256 frames is beyond CompressedServerLeg, as it says.
          for (const [, lengths] of all) fc.pre(bytesOf(lengths) / piece < 256);
          const [client, server] = [new CompressedServerLeg(), new CompressedClientLeg()];
          const commands = concatBytes(
            ...all.map(([bytes]) => new PacketWriter(0).payload(new Uint8Array(bytes)).take()),
          );
          expect(toHex(pass(commands, client, server, piece, 7))).to.equal(toHex(commands));
          const answers = concatBytes(
            ...all.map(([, lengths]) => {
              const writer = new PacketWriter(1);
              for (const bytes of lengths) writer.payload(new Uint8Array(bytes));
              return writer.take();
            }),
          );
          expect(toHex(pass(answers, server, client, piece, 7))).to.equal(toHex(answers));
          expect(client.next() ?? NO_BYTES).to.deep.equal(NO_BYTES);
        },
      ),
      { numRuns: 100 },
    );
  });
});
