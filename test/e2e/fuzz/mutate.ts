/** Makes scenarios out of sound ones: bytes, packets and turns changed in every way that has broken a proxy before. */
import { concatBytes } from '../../../src/base/bytes.js';
import { FULL_PAYLOAD, HEADER_BYTES } from '../../../src/wire/packet-header.js';
import { framePayload } from '../../../src/wire/packet-writer.js';
import type { Random } from '../../support/random.js';
import { type Cut, PLAIN, type Scenario, type ScenarioOptions } from './scenario.js';

/** Codes of commands and answers, marks of length-encoded integers, and their neighbours. */
const TELLING_BYTES = [0, 1, 2, 3, 4, 5, 9, 0x0e, 0x11, 0x16, 0x17, 0x18, 0x19, 0x1c, 0x1f, 0x7f, 0x80];
const MARKS = [0xfa, 0xfb, 0xfc, 0xfd, 0xfe, 0xff];
const CUTS: readonly Cut[] = ['whole', 'whole', 'whole', 'pieces', 'bytes'];
/** A turn is not made longer than this, but by {@link inflate}. */
const TURN_BYTES_MAX = 256 * 1024;

type Turns = readonly Uint8Array[];
type Change = (turn: Uint8Array, random: Random, others: Turns) => Uint8Array;

/** Where packets begin, as far as headers make sense. */
function packetStarts(turn: Uint8Array): number[] {
  const starts: number[] = [];
  for (let at = 0; at + HEADER_BYTES <= turn.length;) {
    starts.push(at);
    at += HEADER_BYTES + ((turn[at] ?? 0) | ((turn[at + 1] ?? 0) << 8) | ((turn[at + 2] ?? 0) << 16));
  }
  return starts;
}

/** A copy with some bytes in the place of those at a position. */
function withBytes(turn: Uint8Array, at: number, ...bytes: readonly number[]): Uint8Array {
  const copy = Uint8Array.from(turn);
  copy.set(bytes.slice(0, Math.max(0, copy.length - at)), Math.min(at, copy.length));
  return copy;
}

const noise = (random: Random, length: number): Uint8Array =>
  Uint8Array.from({ length }, () => random.below(256));

const telling = (random: Random): number =>
  random.chance(0.5) ? random.pick(TELLING_BYTES) : random.pick(MARKS);

/** One packet of a turn, cut out. */
function onPacket(turn: Uint8Array, random: Random, change: (packet: Uint8Array) => Uint8Array): Uint8Array {
  const starts = packetStarts(turn);
  if (starts.length === 0) return turn;
  const index = random.below(starts.length);
  const from = starts[index] ?? 0;
  const to = starts[index + 1] ?? turn.length;
  return concatBytes(turn.subarray(0, from), change(turn.subarray(from, to)), turn.subarray(to));
}

const changes: readonly Change[] = [
  function flipBit(turn, random) {
    const at = random.below(turn.length);
    return withBytes(turn, at, (turn[at] ?? 0) ^ (1 << random.below(8)));
  },
  function overwrite(turn, random) {
    return withBytes(
      turn,
      random.below(turn.length),
      random.chance(0.5) ? random.below(256) : telling(random),
    );
  },
  function lengthField(turn, random) {
    return onPacket(turn, random, (packet) => {
      const length = packet.length - HEADER_BYTES;
      const wrong = random.pick([
        0,
        1,
        length - 1,
        length + 1,
        FULL_PAYLOAD,
        FULL_PAYLOAD - 1,
        random.below(70_000),
      ]);
      return withBytes(packet, 0, wrong & 0xff, (wrong >> 8) & 0xff, (wrong >> 16) & 0xff);
    });
  },
  function sequenceId(turn, random) {
    return onPacket(turn, random, (packet) =>
      withBytes(packet, 3, random.pick([0, 1, 2, 255, random.below(256)])),
    );
  },
  function kind(turn, random) {
    return onPacket(turn, random, (packet) => withBytes(packet, HEADER_BYTES, telling(random)));
  },
  function integer(turn, random) {
    const value = random.pick([0x00, 0x7f, 0xff]);
    const bytes = Array.from({ length: random.int(1, 8) }, () => value);
    const marks = random.chance(0.5) ? [random.pick(MARKS)] : [];
    return withBytes(turn, random.below(turn.length), ...marks, ...bytes);
  },
  function payload(turn, random) {
    // The header keeps to the truth: what is wrong is inside.
    return onPacket(turn, random, (packet) => {
      const inside = packet.subarray(HEADER_BYTES);
      const cut = inside.subarray(0, random.int(0, inside.length));
      const changed = random.chance(0.5) ? cut : concatBytes(cut, noise(random, random.int(1, 40)));
      return framePayload(packet[3] ?? 0, changed);
    });
  },
  function truncate(turn, random) {
    return turn.subarray(0, random.below(turn.length));
  },
  function insert(turn, random) {
    const at = random.int(0, turn.length);
    return concatBytes(turn.subarray(0, at), noise(random, random.int(1, 60)), turn.subarray(at));
  },
  function dropPacket(turn, random) {
    return onPacket(turn, random, () => new Uint8Array());
  },
  function repeatPacket(turn, random) {
    return onPacket(turn, random, (packet) => {
      const times = random.chance(0.7) ? 2 : random.int(3, 3_000);
      return concatBytes(
        ...Array.from({ length: Math.min(times, 1 + TURN_BYTES_MAX / (packet.length + 1)) }, () => packet),
      );
    });
  },
  function tinyPackets(_, random) {
    const tiny = framePayload(random.pick([0, 0, 1]), noise(random, random.int(0, 1)));
    return concatBytes(...Array.from({ length: random.int(1, 5_000) }, () => tiny));
  },
  function foreign(_, random, others) {
    return random.pick(others);
  },
  function append(turn, random, others) {
    return concatBytes(turn, random.pick(others)).subarray(0, TURN_BYTES_MAX);
  },
];

/** A message that goes over several packets, of up to 32 MiB. */
function inflate(turn: Uint8Array, random: Random): Uint8Array {
  const length = FULL_PAYLOAD * random.int(1, 2) + random.pick([0, -1, 1, 100]);
  const payload = new Uint8Array(length).fill(0x20);
  payload.set(turn.subarray(HEADER_BYTES, HEADER_BYTES + 64));
  return framePayload(turn[3] ?? 0, payload);
}

/** Turns with one of them changed, left out, repeated, or moved. */
function mutateTurns(turns: Turns, random: Random, others: Turns): Turns {
  if (turns.length === 0) return [random.pick(others)];
  // Later turns are reached only if the earlier ones are sound, so they get their share.
  const index = random.below(turns.length);
  const turn = turns[index] ?? new Uint8Array();
  const put = (...instead: readonly Uint8Array[]): Turns => [
    ...turns.slice(0, index),
    ...instead,
    ...turns.slice(index + 1),
  ];
  switch (random.below(12)) {
    case 0:
      return put();
    case 1:
      return put(turn, turn);
    case 2:
      return [...turns.slice(0, index), ...random.sample(turns.slice(index), turns.length)];
    case 3:
      return put(turn, random.pick(others));
    case 4:
      if (random.chance(0.02)) return put(inflate(turn, random));
      break;
    default:
  }
  return turn.length === 0 ? put(random.pick(others)) : put(random.pick(changes)(turn, random, others));
}

function mutateOptions(random: Random): ScenarioOptions {
  if (random.chance(0.4)) return PLAIN;
  return {
    clientCut: random.pick(CUTS),
    serverCut: random.pick(CUTS),
    pipelined: random.chance(0.2),
    tls: random.chance(0.1),
    lazy: random.chance(0.1),
    // Silence takes long.
    clientEnd: random.chance(0.05) ? 'silence' : random.pick(['end', 'end', 'reset']),
    serverTurns: random.chance(0.2) ? random.int(0, 6) : -1,
    serverEnd: random.pick(['end', 'reset']),
    otherIsSound: random.chance(0.5),
  };
}

/** One more scenario out of sound ones. */
export function mutated(corpus: readonly Scenario[], random: Random): Scenario {
  const base = random.pick(corpus);
  const clientTurns = corpus.flatMap(({ client }) => client);
  const serverTurns = corpus.flatMap(({ server }) => server);
  let { client, server } = base;
  // Both at once more seldom: what one side does wrong often ends the session before the other can.
  const side = random.pick(['client', 'client', 'server', 'server', 'both']);
  const rounds = 1 + (random.chance(0.5) ? 0 : random.below(6));
  for (let i = 0; i < rounds; i++) {
    const isClients = side === 'both' ? random.chance(0.5) : side === 'client';
    if (isClients) client = mutateTurns(client, random, clientTurns);
    else server = mutateTurns(server, random, random.chance(0.9) ? serverTurns : clientTurns);
  }
  return { name: base.name, client, server, options: mutateOptions(random) };
}
