// Whatever a client sends, in whatever order, cut into whatever chunks, and however its commands are judged: the
// server gets exactly the commands that may pass, and the client gets exactly one answer to each command, in order.
import { expect } from 'chai';
import fc from 'fast-check';
import { concatBytes, toHex, utf8 } from '../../../src/base/bytes.js';
import type { LocalStatement } from '../../../src/proxy/statement-gate.js';
import { AnswerKind } from '../../../src/wire/answer-kind.js';
import { Capability } from '../../../src/wire/capability.js';
import { Command } from '../../../src/wire/command.js';
import { printErr } from '../../../src/wire/err-packet.js';
import { plainOk, printOk } from '../../../src/wire/ok-packet.js';
import { PacketSplitter } from '../../../src/wire/packet-splitter.js';
import { frame } from '../../../src/wire/packet-writer.js';
import { settle } from '../../support/virtual-runtime.js';
import { RelayRig, message, wordGate } from '../../unit/proxy/relay-rig.js';
import { AnswerPrinter, type Answer, everyAnswer } from '../../unit/wire/answers.js';

/** A command, what the client gets for it, and whether the server gets it. */
interface Step {
  readonly sent: Uint8Array;
  readonly isForwarded: boolean;
  /** Of the server, if it is forwarded; of ours otherwise. */
  readonly answer: Uint8Array;
  /** Statements that a taken one runs itself. */
  readonly ownQueries: number;
}

const REFUSED = frame(1, (out) => printErr({ errno: 1235, sqlState: '42000', message: 'not that' }, out));
const TAKEN = frame(1, (out) => printOk({ ...plainOk(2), info: 'ours' }, out));

/** A statement that begins with `take` and a digit runs that many statements of its own. */
function taking(started: string[]): LocalStatement {
  return async (session, answer) => {
    for (let left = Number(started.shift() ?? 0); left > 0; left--)
      await session.query('own', session.signal);
    answer.ok({ info: 'ours' });
  };
}

function steps(isEofDeprecated: boolean): fc.Arbitrary<Step> {
  // Small ones, after which the session's status is known: our own answers carry it.
  const answers = everyAnswer(isEofDeprecated).filter(
    ({ bytes, errno, status }) =>
      bytes.length < (errno === 0 ? 1000 : 40) && (status & 1) === Number(status < 0),
  );
  const by = (kind: number): readonly Answer[] => answers.filter((answer) => answer.kind === kind);
  const forwarded = (sent: Uint8Array, kind: number): fc.Arbitrary<Step> =>
    kind === AnswerKind.none
      ? fc.constant({ sent, isForwarded: true, answer: new Uint8Array(), ownQueries: 0 })
      : fc
          .constantFrom(...by(kind))
          .map(({ bytes }) => ({ sent, isForwarded: true, answer: bytes, ownQueries: 0 }));
  const local = (word: string, answer: Uint8Array, ownQueries = 0): fc.Arbitrary<Step> =>
    fc.nat(60).map((length) => ({
      sent: message(Command.query, `${word} ${'z'.repeat(length)}`),
      isForwarded: false,
      answer,
      ownQueries,
    }));
  const statement = fc.integer({ min: 0, max: 60 }).map((length) => 'q'.repeat(length));
  return fc.oneof(
    statement.chain((text) => forwarded(message(Command.query, text), AnswerKind.result)),
    statement.chain((text) => forwarded(message(Command.query, `hold${text}`), AnswerKind.result)),
    forwarded(message(Command.ping), AnswerKind.single),
    forwarded(message(Command.stmtPrepare, 'p'), AnswerKind.prepare),
    forwarded(message(Command.stmtFetch, utf8('12345678')), AnswerKind.rows),
    forwarded(message(Command.stmtClose, utf8('1234')), AnswerKind.none),
    forwarded(message(Command.statistics), AnswerKind.text),
    forwarded(message(Command.refresh, Uint8Array.of(1)), AnswerKind.twice),
    local('refuse', REFUSED),
    local('holdrefuse', REFUSED),
    local('take', TAKEN),
    local('take', TAKEN, 1),
    local('take', TAKEN, 3),
  );
}

function chunksOf(bytes: Uint8Array, sizes: readonly number[]): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const size = sizes[i % sizes.length] ?? 1;
    chunks.push(bytes.slice(at, at + size));
    at += size;
  }
  return chunks;
}

describe('command relay', () => {
  for (const isEofDeprecated of [false, true]) {
    it(`keeps every command's answer in its place, EOF packets ${isEofDeprecated ? 'deprecated' : 'sent'}`, async function () {
      this.timeout(120_000);
      const script = fc.array(steps(isEofDeprecated), { minLength: 1, maxLength: 10 });
      const sizes = fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 8 });
      // Which side goes on next.
      const turns = fc.array(fc.boolean(), { minLength: 1, maxLength: 40 });
      await fc.assert(
        fc.asyncProperty(script, sizes, sizes, turns, async (wanted, clientSizes, serverSizes, order) => {
          const taken = wanted
            .filter(({ answer }) => answer === TAKEN)
            .map(({ ownQueries }) => String(ownQueries));
          const rig = new RelayRig(wordGate(taking(taken)), isEofDeprecated ? Capability.deprecateEof : 0);
          const input = chunksOf(concatBytes(...wanted.map(({ sent }) => sent)), clientSizes);
          const splitter = new PacketSplitter('client', 1 << 20);
          const answers = wanted.filter(({ isForwarded }) => isForwarded).map(({ answer }) => answer);
          const own = new AnswerPrinter(isEofDeprecated).begin().columns(1, 0).row('x').rowsEnd(2).take();
          const ownBytes = toHex(message(Command.query, 'own').subarray(4));
          const got: string[] = [];
          let output: Uint8Array[] = [];
          // What is done here of itself is done when all promises have settled: nothing more comes after that.
          let idleTurns = 0;
          for (let i = 0; idleTurns < 2; i++) {
            const isClientsTurn = order[i % order.length] === true || output.length === 0;
            const chunk = isClientsTurn ? input.shift() : undefined;
            if (chunk !== undefined) rig.client(chunk);
            await settle();
            splitter.feed(rig.sentToBackend);
            for (let next = splitter.next(); next !== undefined; next = splitter.next()) {
              const payload = toHex(next.payload);
              if (payload === ownBytes) {
                output.push(own);
              } else {
                got.push(payload);
                output.push(answers[got.length - 1] ?? new Uint8Array());
              }
            }
            const joined = concatBytes(...output);
            const size = serverSizes[i % serverSizes.length] ?? 1;
            if (joined.length > 0) rig.server(joined.slice(0, size));
            output = joined.length > size ? [joined.slice(size)] : [];
            idleTurns = chunk === undefined && joined.length === 0 ? idleTurns + 1 : 0;
          }
          const passed = wanted
            .filter(({ isForwarded }) => isForwarded)
            .map(({ sent }) => toHex(sent.subarray(4)));
          expect(got).to.deep.equal(passed);
          expect(toHex(rig.sentToClient)).to.equal(toHex(concatBytes(...wanted.map(({ answer }) => answer))));
          expect(rig.endedBy).to.equal(undefined);
          expect(rig.counts.commands).to.equal(wanted.length);
          expect(rig.runtime.crashes).to.deep.equal([]);
        }),
        { numRuns: 150 },
      );
    });
  }

  it('throws nothing whatever the two sides send', async () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 50 }),
      fc.constantFrom(
        message(Command.query, 'q'),
        message(Command.query, 'take'),
        message(Command.changeUser, 'u'),
      ),
    );
    const every = fc.constantFrom(...everyAnswer(false).map((answer) => answer.bytes));
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.boolean(), fc.oneof(bytes, every)), { maxLength: 20 }),
        async (script) => {
          const rig = new RelayRig(wordGate(taking([])), 0);
          for (const [isClient, chunk] of script) {
            if (isClient) rig.client(chunk.slice());
            else rig.server(chunk.slice());
            await settle();
          }
          rig.relay.end(new Error('over'));
          await settle();
          expect(
            rig.runtime.crashes.filter(({ error }) => !(error instanceof Error && error.message === 'over')),
          ).to.deep.equal([]);
        },
      ),
      { numRuns: 1000 },
    );
  });
});
