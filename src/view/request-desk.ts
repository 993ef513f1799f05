/** The owner's side of `<schema>.requests`: looks for unanswered ones, carries them out, answers. */
import { messageOf } from '../base/errors.js';
import { writeOne } from '../commit/single-write.js';
import { type SystemRecord, numberIn, textIn } from '../commit/system-table.js';
import type { ReignParts } from './reign-parts.js';
import {
  type OwnerAnswer,
  type OwnerRequest,
  failedAnswer,
  isForSuccessor,
  parseRequest,
} from './requests.js';
import type { ViewJobs } from './view-jobs.js';
import { viewWork } from './view-work.js';
import { repeat } from './repeat.js';

/** Between two looks. */
const LOOK_MS = 100;

/** Serves requests during one reign. */
export class RequestDesk {
  readonly #parts: ReignParts;
  readonly #jobs: ViewJobs;
  readonly #underWay = new Set<bigint>();

  constructor(parts: ReignParts, jobs: ViewJobs) {
    this.#parts = parts;
    this.#jobs = jobs;
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
    const { cluster, tables, runtime } = this.#parts;
    const table = tables.requests;
    const now = await cluster.tso.next(signal);
    const { start, end } = table.range;
    for await (const page of cluster.snapshots.at(now).scan(start, end, {}, signal)) {
      for (const { key, value } of page) {
        const record = table.decode(key, value);
        const id = numberIn(record, 'id');
        if (record['answer'] !== null || this.#underWay.has(id)) continue;
        this.#underWay.add(id);
        runtime.spawn(`request ${id}`, (own) => this.#serve(record, AbortSignal.any([signal, own])));
      }
    }
  }

  async #serve(record: SystemRecord, signal: AbortSignal): Promise<void> {
    const id = numberIn(record, 'id');
    let answer: OwnerAnswer;
    try {
      const result = await this.#carryOut(parseRequest(textIn(record, 'request')), signal);
      answer = result === undefined ? { kind: 'done' } : { kind: 'done', result };
    } catch (error) {
      if (signal.aborted || isForSuccessor(error)) return;
      answer = failedAnswer(error);
    }
    try {
      const answered = { ...record, answer: JSON.stringify(answer) };
      const mutation = { kind: 'put' as const, ...this.#parts.tables.requests.encode(answered) };
      await writeOne(this.#parts, mutation, signal);
    } catch (error) {
      this.#parts.telemetry.log.warn('a request could not be answered', { id, cause: messageOf(error) });
    }
    this.#underWay.delete(id);
  }

  /** The answer to a question. */
  async #carryOut(request: OwnerRequest, signal: AbortSignal): Promise<string | undefined> {
    switch (request.kind) {
      case 'create':
        await this.#jobs.create(request.view, signal);
        return undefined;
      case 'drop':
        await this.#jobs.remove(request.viewId);
        return undefined;
      case 'waitFor':
        await this.#parts.group.waitFor(request.ts, signal);
        return undefined;
      case 'work':
        return JSON.stringify(viewWork(this.#parts.group, request.viewId));
    }
  }
}
