/**
 * The compressed connection to a server. The stream inside has the sequence ids of a plain connection. Outside, each
 * command begins a frame of id 0; a file's frames, and a client's part of a COM_CHANGE_USER, count on from the frame
 * that asked for them, and so do their packets, as TiDB wants them.
 *
 * TiDB numbers the packets of an answer as on a plain connection until it flushes, and from then on as if frames were
 * packets (PacketIO.Flush); so only the id that an answer begins with is believed. A frame begins an answer if its
 * id does not follow the last frame's, or if it follows what was sent since the last answer began. (A server that
 * answers commands sent ahead may so deceive us about an answer that follows one of exactly 256 · n frames.)
 *
 * @see https://github.com/pingcap/tidb/blob/master/pkg/server/internal/packetio.go
 */
import { copyBytes } from '../base/bytes.js';
import type { CompressedLeg } from './compressed-leg.js';
import { FrameReader } from './frame-reader.js';
import { FrameWriter } from './frame-writer.js';
import { HeaderWalker, type VisitedHeader } from './header-walker.js';
import { nextSequence } from './packet-header.js';

/** Codes and decodes a compressed connection to a server. */
export class CompressedServerLeg implements CompressedLeg {
  readonly #reader = new FrameReader('tidb');
  readonly #writer = new FrameWriter();
  readonly #in = new HeaderWalker();
  readonly #out = new HeaderWalker();
  /** Id of the frame read last; at first one that none follows. */
  #frameIn = -1;
  /** Id of the packet read last, as given on. */
  #idIn = 0;
  /** Id of the packet sent last: as it was given, and as it was sent. */
  #idOut = 0;
  #sentIdOut = 0;
  /** Whether the message sent last was no command. */
  #isReply = false;
  /** Whether it was empty. */
  #isEmpty = false;
  /** Whether a frame was read since the last packet was sent. */
  #hasRead = false;
  /** Whether a packet was sent since an answer began. */
  #hasSent = false;
  /** Whether the next packet begins an answer: surely, or if its id follows that of what was sent. */
  #begins: 'surely' | 'perhaps' | 'not' = 'not';

  feed(chunk: Uint8Array): void {
    this.#reader.feed(chunk);
  }

  next(): Uint8Array | undefined {
    const frame = this.#reader.next();
    if (frame === undefined) return undefined;
    const { sequence } = frame;
    if (this.#frameIn < 0 || sequence !== nextSequence(this.#frameIn)) this.#begins = 'surely';
    else if (this.#hasSent && sequence === nextSequence(this.#writer.sequence)) this.#begins = 'perhaps';
    this.#frameIn = sequence;
    this.#hasRead = true;
    return this.#in.walk(frame.contents, (header) => this.#numberIn(header));
  }

  frame(bytes: Uint8Array): readonly Uint8Array[] {
    let from = 0;
    // Ids are changed, and the bytes are lent.
    const whole = this.#out.walk(copyBytes(bytes), (header) => {
      const start = this.#numberOut(header);
      if (start === undefined) return;
      this.#writer.add(header.bytes, from, header.at);
      from = header.at;
      this.#writer.restart(start);
    });
    this.#writer.add(whole, from, whole.length);
    return this.#writer.take();
  }

  #numberIn({ bytes, at, sequence }: VisitedHeader): void {
    const isFirst =
      this.#begins === 'surely' || (this.#begins === 'perhaps' && sequence === nextSequence(this.#sentIdOut));
    this.#begins = 'not';
    if (!isFirst) this.#idIn = nextSequence(this.#idIn);
    else if (this.#isReply) this.#idIn = nextSequence(this.#idOut);
    else this.#idIn = sequence;
    if (isFirst) this.#hasSent = false;
    bytes[at + 3] = this.#idIn;
  }

  /** @returns the id of the frame that begins here; undefined: none has to. */
  #numberOut({ bytes, at, sequence, length, isMessage }: VisitedHeader): number | undefined {
    let start: number | undefined;
    if (isMessage) {
      const isFile = this.#isReply && !this.#isEmpty;
      this.#isReply = sequence !== 0 || (isFile && this.#idOut === 0xff);
      if (!this.#isReply) start = 0;
      else if (this.#hasRead) start = nextSequence(this.#frameIn);
    }
    this.#sentIdOut = start ?? nextSequence(this.#sentIdOut);
    this.#idOut = sequence;
    this.#isEmpty = length === 0;
    this.#hasRead = false;
    this.#hasSent = true;
    bytes[at + 3] = this.#sentIdOut;
    return start;
  }
}
