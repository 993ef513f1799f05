// Two ends joined by what a channel is: an ordered queue of clones.
import { expect } from 'chai';
import { SqlError, TiviewError } from '../../../../src/base/errors.js';
import { NotSupportedError } from '../../../../src/sql/not-supported-error.js';
import { ConfigError } from '../../../../src/cli/config-error.js';
import { ChannelError, type Duties, type Message, Peer } from '../../../../src/cli/workers/peer.js';
import { failureOf } from '../../../support/failure.js';

interface Here {
  double(value: bigint, signal: AbortSignal): Promise<bigint>;
}

interface There {
  add(numbers: ReadonlySet<number>, signal: AbortSignal): Promise<number>;
  fail(error: unknown, signal: AbortSignal): Promise<never>;
  forever(nothing: undefined, signal: AbortSignal): Promise<never>;
  count(to: number, signal: AbortSignal): AsyncIterable<number>;
  takenBack(nothing: undefined, signal: AbortSignal): AsyncIterable<string>;
}

const NEVER = new AbortController().signal;

/** Rejects with the signal's reason when it is aborted. */
function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const onAbort = (): void => reject(signal.reason as Error);
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort);
  });
}

describe('a peer', () => {
  let here: Peer<Here, There>;
  let there: Peer<There, Here>;
  let bugs: unknown[];
  let seen: Message[];
  /** What duties of the other end were aborted with. */
  let aborts: unknown[];
  /** Parts that the other end has made. */
  let made: number[];
  let hasEnded: boolean;
  let error: Error;

  function join<H extends Duties<H>, T extends Duties<T>>(
    duties: H,
    other: () => { receive(message: Message): void },
  ): Peer<H, T> {
    return new Peer<H, T>({
      send: (message) => {
        const copy = structuredClone(message);
        seen.push(copy);
        queueMicrotask(() => other().receive(copy));
      },
      duties,
      onBug: (bug) => bugs.push(bug),
    });
  }

  beforeEach(() => {
    [bugs, seen, aborts, made, hasEnded] = [[], [], [], [], false];
    const duties: There = {
      add: (numbers) => Promise.resolve([...numbers].reduce((sum, n) => sum + n, 0)),
      fail: () => Promise.reject(error),
      forever: (_, signal) => untilAborted(signal),
      count: async function* (to, signal) {
        signal.addEventListener('abort', () => aborts.push(signal.reason));
        try {
          for (let n = 1; n <= to; n++) {
            made.push(n);
            await Promise.resolve();
            yield n;
          }
        } finally {
          hasEnded = true;
        }
      },
      takenBack: async function* (_, signal) {
        yield 'begun';
        await untilAborted(signal).catch((reason: unknown) => aborts.push(reason));
        // As a CREATE that is killed: what it has begun is taken back first.
        await new Promise((resolve) => setTimeout(resolve, 5));
        hasEnded = true;
        throw aborts[0];
      },
    };
    here = join<Here, There>({ double: (value) => Promise.resolve(value * 2n) }, () => there);
    there = join<There, Here>(duties, () => here);
  });

  it('calls, in both directions, with all that can be cloned', async () => {
    expect(await here.ask('add', new Set([1, 2, 4]), NEVER)).to.equal(7);
    expect(await there.ask('double', 2n ** 60n, NEVER)).to.equal(2n ** 61n);
  });

  it('keeps number, state, kind and side of errors', async () => {
    error = new NotSupportedError('RAND()', 'it is random');
    const refused = await failureOf(here.ask('fail', undefined, NEVER));
    expect(refused).to.be.instanceOf(SqlError);
    expect(refused).to.include({ errno: 1235, sqlState: '42000', message: error.message });
    error = new TiviewError('no', { kind: 'budget', side: 'pd', isRetryable: true });
    const failed = await failureOf(here.ask('fail', undefined, NEVER));
    expect(failed).to.be.instanceOf(TiviewError);
    expect(failed).to.include({ kind: 'budget', side: 'pd', isRetryable: true, message: 'no' });
    error = new ConfigError('audit-log: it cannot be opened');
    const unusable = await failureOf(here.ask('fail', undefined, NEVER));
    expect(unusable).to.be.instanceOf(ConfigError);
    expect(unusable).to.include({ message: error.message });
    expect(bugs).to.deep.equal([]);
  });

  it('answers with a bug of a duty, and reports it where it is', async () => {
    error = new RangeError('index 7');
    const failed = await failureOf(here.ask('fail', undefined, NEVER));
    expect(failed).to.include({ kind: 'otherProcess', message: 'index 7' });
    expect(bugs).to.deep.equal([error]);
    const unknown = here as unknown as Peer<Here, Record<'nothing', There['forever']>>;
    expect((await failureOf(unknown.ask('nothing', undefined, NEVER)))?.message).to.equal(
      "no duty 'nothing'",
    );
  });

  it('leaves a call at once when it is aborted, and aborts the duty', async () => {
    const controller = new AbortController();
    const asked = failureOf(here.ask('forever', undefined, controller.signal));
    const reason = new SqlError(1317, '70100', 'interrupted');
    controller.abort(reason);
    expect(await asked).to.equal(reason);
    expect(await failureOf(here.ask('add', new Set([1]), controller.signal))).to.equal(reason);
    await here.ask('add', new Set([1]), NEVER);
    expect(bugs).to.deep.equal([]);
    expect(seen.filter(({ kind }) => kind === 'failed')).to.deep.equal([]);
  });

  it('pulls the parts of a stream one by one', async () => {
    const parts: number[] = [];
    for await (const part of here.follow('count', 3, NEVER)) {
      parts.push(part);
      await new Promise((resolve) => setTimeout(resolve, 2));
      expect(made).to.deep.equal(parts);
    }
    expect(parts).to.deep.equal([1, 2, 3]);
    expect(hasEnded).to.equal(true);
  });

  it('ends a stream that is left', async () => {
    for await (const part of here.follow('count', 1_000_000, NEVER)) if (part === 2) break;
    await here.ask('add', new Set(), NEVER);
    expect(made).to.deep.equal([1, 2]);
    expect(hasEnded).to.equal(true);
    expect(aborts[0]).to.include({ kind: 'unwanted' });
  });

  it('waits for what an aborted stream comes to', async () => {
    const controller = new AbortController();
    const stream = here.follow('takenBack', undefined, controller.signal);
    expect((await stream.next()).value).to.equal('begun');
    const rest = failureOf(stream.next());
    controller.abort(new SqlError(1317, '70100', 'Query execution was interrupted'));
    expect(await rest).to.include({ errno: 1317 });
    expect(hasEnded).to.equal(true);
    expect(aborts[0]).to.be.instanceOf(SqlError);
    expect(bugs).to.deep.equal([]);
  });

  it('fails all that is under way when the channel ends, and aborts what is done for the other end', async () => {
    const asked = failureOf(here.ask('forever', undefined, NEVER));
    const stream = here.follow('takenBack', undefined, NEVER);
    await stream.next();
    const rest = failureOf(stream.next());
    const idle = here.follow('count', 3, NEVER);
    await idle.next();
    here.close();
    there.close();
    for (const failed of [await asked, await rest, await failureOf(idle.next())]) {
      expect(failed).to.be.instanceOf(ChannelError);
    }
    expect(await failureOf(here.ask('add', new Set(), NEVER))).to.be.instanceOf(ChannelError);
    expect(await failureOf(here.follow('count', 1, NEVER).next())).to.be.instanceOf(ChannelError);
    expect(aborts).to.have.length(2);
    expect(bugs).to.deep.equal([]);
  });
});
