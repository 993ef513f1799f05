/**
 * The compressed connection of a client. The stream inside has the sequence ids that it would have on a plain
 * connection; outside, ids of frames are what clients check, and packets' own ids hardly count: libmysql numbers
 * packets on from the last frame instead of the last packet, older MariaDB drivers do not begin commands at 0, and
 * TiDB, on a compressed connection, takes whatever comes. So a packet's id is not believed here but derived:
 *
 * - what begins a frame of id 0 is a command, and so is a message behind another one in its frame, except that
 * - after a message that was no command and not empty, a file goes on (a frame's id may be 0 then too, if 255 was
 *   the last one); its packets count on from the packet that asked for it.
 *
 * Frames of an answer count on from the last frame of the command. Where an answer begins is seen by its packets' ids:
 * they do not go on from the last ones, or they follow those of what was read since the last answer began. A client
 * that sends a command before the last one's answer has ended may find an answer's frames numbered on from the
 * former's if that had a multiple of 256 packets; such clients do not check. And a file's first frame is taken for a
 * command if the request for it, as one of several results, was the 255th frame: its packets then have ids that a
 * plain TiDB refuses.
 */
import type { CompressedLeg } from './compressed-leg.js';
import { FrameReader } from './frame-reader.js';
import { FrameWriter } from './frame-writer.js';
import { HeaderWalker, type VisitedHeader } from './header-walker.js';
import { nextSequence } from './packet-header.js';

/** Codes and decodes a client's compressed connection. */
export class CompressedClientLeg implements CompressedLeg {
  readonly #reader = new FrameReader('client');
  readonly #writer = new FrameWriter();
  readonly #in = new HeaderWalker();
  readonly #out = new HeaderWalker();
  /** Id of the frame read last. */
  #frameIn = 0;
  /** Id of the packet read last. */
  #idIn = 0;
  /** Whether the message read last was no command, and not empty: a file. */
  #isFile = false;
  /** Id of the packet sent last; at first one that none follows. */
  #idOut = -1;
  /** Whether a frame was read since an answer began. */
  #hasRead = false;
  /** Whether a packet was sent since one was read. */
  #hasSent = true;

  feed(chunk: Uint8Array): void {
    this.#reader.feed(chunk);
  }

  next(): Uint8Array | undefined {
    const frame = this.#reader.next();
    if (frame === undefined) return undefined;
    const isCommand = frame.sequence === 0 && !(this.#isFile && this.#frameIn === 0xff);
    this.#frameIn = frame.sequence;
    this.#hasRead = true;
    const isCut = this.#in.isInHeader;
    return this.#in.walk(frame.contents, (header) => {
      const isFirst = header.at === 0 && !isCut;
      this.#number(header, isFirst ? isCommand : !this.#isFile);
    });
  }

  frame(bytes: Uint8Array): readonly Uint8Array[] {
    let from = 0;
    const whole = this.#out.walk(bytes, ({ bytes: shown, at, sequence }) => {
      const goesOn = sequence === nextSequence(this.#idOut) && this.#idOut >= 0;
      if (!goesOn || (this.#hasRead && sequence === nextSequence(this.#idIn))) {
        this.#writer.add(shown, from, at);
        from = at;
        this.#writer.restart(this.#hasRead ? nextSequence(this.#frameIn) : 1);
        this.#hasRead = false;
      }
      this.#idOut = sequence;
      this.#hasSent = true;
    });
    this.#writer.add(whole, from, whole.length);
    return this.#writer.take();
  }

  #number({ bytes, at, length, isMessage }: VisitedHeader, isCommand: boolean): void {
    if (!isMessage) {
      this.#idIn = nextSequence(this.#idIn);
    } else if (isCommand) {
      this.#idIn = 0;
      this.#isFile = false;
    } else {
      this.#idIn = nextSequence(this.#hasSent ? this.#idOut : this.#idIn);
      this.#isFile = length > 0;
    }
    this.#hasSent = false;
    bytes[at + 3] = this.#idIn;
  }
}
