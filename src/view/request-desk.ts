/**
 * The owner's side of `<schema>.requests`: looks for unanswered ones, carries them out, answers.
 *
 * What has been carried out is not carried out again in a reign. A look reads as of its own moment, at which a request
 * that is answered meanwhile is unanswered still: so a request stays known here until a look that began after its
 * answer was written has not found it. One that does find it knows that the answer has not come there (the row was
 * locked, say), and it is written again.
 */
import { loggedCause } from '../base/sensitive.js';
import { LinkedAbort } from '../base/linked-abort.js';
import type { CommitParts } from '../commit/fenced-transaction.js';
import type { RegistryTables } from '../commit/registry-tables.js';
import { writeOne } from '../commit/single-write.js';
import { type SystemRecord, numberIn, textIn } from '../commit/system-table.js';
import {
  type OwnerAnswer,
  type OwnerRequest,
  failedAnswer,
  isForSuccessor,
  parseRequest,
} from './requests.js';
import { repeat } from './repeat.js';

/** Between two looks. */
const LOOK_MS = 100;

/**
 * Carries out a request; answers, if it is a question.
 *
 * @throws what whoever asked is to be told; errors that `isForSuccessor` knows: it is to be tried again, here or there.
 */
export type CarryOut = (request: OwnerRequest, signal: AbortSignal) => Promise<string | undefined>;

/** A request that has been taken up: at work until there is an answer, and while that is being written. */
type TakenUp = { readonly kind: 'atWork' } | { readonly kind: 'answered'; readonly answer: OwnerAnswer };

const AT_WORK: TakenUp = { kind: 'atWork' };

/** Serves requests during one reign. */
export class RequestDesk {
  readonly #parts: CommitParts & { readonly tables: RegistryTables };
  readonly #carryOut: CarryOut;
  readonly #takenUp = new Map<bigint, TakenUp>();

  constructor(parts: CommitParts & { readonly tables: RegistryTables }, carryOut: CarryOut) {
    this.#parts = parts;
    this.#carryOut = carryOut;
  }

  /** Serves until aborted. @throws the signal's reason. */
  run(signal: AbortSignal): Promise<never> {
    const look = {
      pauseMs: LOOK_MS,
      complaint: 'requests of other instances could not be read',
      work: (inner: AbortSignal) => this.#look(inner),
    };
    return repeat(this.#parts, look, signal);
  }

  async #look(signal: AbortSignal): Promise<void> {
    const { cluster, tables } = this.#parts;
    const table = tables.requests;
    // What was answered before the look's moment is unanswered at it only if the answer was not written.
    const answered = new Map<bigint, OwnerAnswer>();
    for (const [id, one] of this.#takenUp) if (one.kind === 'answered') answered.set(id, one.answer);
    const now = await cluster.tso.next(signal);
    const { start, end } = table.range;
    for await (const page of cluster.snapshots.at(now).scan(start, end, {}, signal)) {
      for (const { key, value } of page) {
        const record = table.decode(key, value);
        if (record['answer'] === null) this.#takeUp(record, answered, signal);
      }
    }
    for (const id of answered.keys()) this.#takenUp.delete(id);
  }

  /** @param answered - loses those whose answers are written again. */
  #takeUp(record: SystemRecord, answered: Map<bigint, OwnerAnswer>, signal: AbortSignal): void {
    const id = numberIn(record, 'id');
    const answer = answered.get(id);
    if (answer === undefined && this.#takenUp.has(id)) return;
    answered.delete(id);
    this.#takenUp.set(id, AT_WORK);
    this.#parts.runtime.spawn(`request ${id}`, async () => {
      const life = new LinkedAbort(signal);
      await this.#serve(record, answer, life.signal).finally(() => life.unlink());
    });
  }

  async #serve(record: SystemRecord, known: OwnerAnswer | undefined, signal: AbortSignal): Promise<void> {
    const id = numberIn(record, 'id');
    const answer = known ?? (await this.#answerTo(record, signal));
    if (answer === undefined) {
      this.#takenUp.delete(id);
      return;
    }
    await this.#write({ ...record, answer: JSON.stringify(answer) }, signal);
    this.#takenUp.set(id, { kind: 'answered', answer });
  }

  /** Carries a request out. @returns undefined — it is for the next look to take up, or for the next owner's. */
  async #answerTo(record: SystemRecord, signal: AbortSignal): Promise<OwnerAnswer | undefined> {
    try {
      const result = await this.#carryOut(parseRequest(textIn(record, 'request')), signal);
      return result === undefined ? { kind: 'done' } : { kind: 'done', result };
    } catch (error) {
      return signal.aborted || isForSuccessor(error) ? undefined : failedAnswer(error);
    }
  }

  async #write(answered: SystemRecord, signal: AbortSignal): Promise<void> {
    try {
      await writeOne(this.#parts, { kind: 'put', ...this.#parts.tables.requests.encode(answered) }, signal);
    } catch (error) {
      const id = numberIn(answered, 'id');
      this.#parts.telemetry.log.warn('a request could not be answered', { id, cause: loggedCause(error) });
    }
  }
}
