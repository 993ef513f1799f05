/**
 * The commands whose answers have not come yet, in order. Clients may send many before the first is answered.
 */
import { AnswerKind, type AnswerKindCode } from './answer-kind.js';

/** How a command was answered. */
export interface AnswerOutcome {
  /** 0: no error. */
  readonly errno: number;
  /** Bits of {@link ServerStatus} after it. */
  readonly status: number;
}

/** Told when the last packet of an answer has passed. */
export type AnswerListener = (outcome: AnswerOutcome) => void;

/** A queue of answers to come. */
export class ExpectedAnswers {
  /** Used from `#head` to `#tail`; begun anew, not cut, whenever nothing is awaited: that is after almost every answer. */
  #kinds: AnswerKindCode[] = [];
  #listeners: (AnswerListener | undefined)[] = [];
  #head = 0;
  #tail = 0;
  #certain = 0;

  /** Answers that will certainly come: without those that only a refusal has ({@link AnswerKind.longData}). */
  get count(): number {
    return this.#certain;
  }

  /** The form of the next answer. */
  get first(): AnswerKindCode | undefined {
    return this.#head < this.#tail ? this.#kinds[this.#head] : undefined;
  }

  /** The form of the last answer. */
  get last(): AnswerKindCode | undefined {
    return this.#head < this.#tail ? this.#kinds[this.#tail - 1] : undefined;
  }

  /** Adds a command's answer. Pieces of long data count as one, however many they are. */
  push(kind: AnswerKindCode, listener?: AnswerListener): void {
    if (kind === AnswerKind.none) return;
    if (kind === AnswerKind.longData) {
      if (this.last === AnswerKind.longData) return;
    } else {
      this.#certain++;
    }
    this.#kinds[this.#tail] = kind;
    this.#listeners[this.#tail] = listener;
    this.#tail++;
  }

  /** Changes the form of what is still to come of the next answer. */
  replaceFirst(kind: AnswerKindCode): void {
    this.#kinds[this.#head] = kind;
  }

  /** Takes the next answer out. @returns who wants to know of its end. */
  shift(): AnswerListener | undefined {
    const listener = this.#listeners[this.#head];
    if (this.#kinds[this.#head] !== AnswerKind.longData) this.#certain--;
    this.#listeners[this.#head] = undefined;
    this.#head++;
    if (this.#head === this.#tail) {
      this.#head = 0;
      this.#tail = 0;
    } else if (this.#head >= 256) {
      this.#kinds = this.#kinds.slice(this.#head, this.#tail);
      this.#listeners = this.#listeners.slice(this.#head, this.#tail);
      this.#tail -= this.#head;
      this.#head = 0;
    }
    return listener;
  }
}
