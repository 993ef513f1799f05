import { setMaxListeners } from 'node:events';
import { expect } from 'chai';
import { BoundedQueue } from '../../../../src/base/bounded-queue.js';
import { utf8 } from '../../../../src/base/bytes.js';
import { limits } from '../../../../src/base/limits.js';
import type { DuplexStream, Transport } from '../../../../src/base/transport.js';
import { type BatchRequest, batchRequest, batchResponse } from '../../../../src/tikv/batch/batch-messages.js';
import { BatchingTransport } from '../../../../src/tikv/batch/batching-transport.js';
import { RpcCode, RpcError } from '../../../../src/tikv/rpc-error.js';
import { failureOf } from '../../../support/failure.js';
import { VirtualRuntime } from '../../../support/virtual-runtime.js';

const NEVER = new AbortController().signal;
setMaxListeners(0, NEVER);
const GET = '/tikvpb.Tikv/KvGet';
const COMMIT = '/tikvpb.Tikv/KvCommit';
const COPROCESSOR = '/tikvpb.Tikv/Coprocessor';

/** A store's end of one stream. */
class Stream implements DuplexStream {
  readonly received: BatchRequest[] = [];
  readonly #answers = new BoundedQueue<Uint8Array | Error>(1000);
  readonly #signal: AbortSignal;

  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  write(message: Uint8Array): Promise<void> {
    this.received.push(batchRequest.decode(message));
    return Promise.resolve();
  }

  end(): void {
    this.#answers.close();
  }

  /** Answers by number: command and text. */
  answer(...answers: readonly (readonly [bigint, string, string])[]): void {
    const requestIds = answers.map(([id]) => id);
    const responses = answers.map(([, command, text]) => ({ [command]: utf8(text) }));
    this.#answers.offer(batchResponse.encode({ responses, requestIds }));
  }

  say(bytes: Uint8Array): void {
    this.#answers.offer(bytes);
  }

  fail(): void {
    this.#answers.offer(
      new RpcError(RpcCode.unavailable, 'it broke', { address: 'tikv:1', method: 'BatchCommands' }),
    );
  }

  async *[Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    for (;;) {
      const next = await this.#answers.take(this.#signal);
      if (next === undefined) return;
      if (next instanceof Error) throw next;
      yield next;
    }
  }
}

describe('batching transport', () => {
  let runtime: VirtualRuntime;
  let streams: Stream[];
  let direct: string[];
  let transport: BatchingTransport;

  beforeEach(() => {
    runtime = new VirtualRuntime();
    streams = [];
    direct = [];
    const inner: Transport = {
      unary: (_address, method) => {
        direct.push(method);
        return Promise.resolve(utf8('direct'));
      },
      duplex: (_address, _method, _metadata, signal) => {
        const stream = new Stream(signal);
        streams.push(stream);
        return stream;
      },
      forget: () => undefined,
      close: () => undefined,
    };
    transport = new BatchingTransport(inner, runtime);
  });

  afterEach(async () => {
    transport.close();
    await runtime.advance(1);
    expect(runtime.crashes).to.deep.equal([]);
  });

  /** Lets everybody do what he can, over so much time. */
  const turns = async (ms = 0): Promise<void> => {
    for (let i = 0; i < 10; i++) await runtime.advance(ms / 10);
  };

  const send = (method: string, text: string, signal = NEVER): Promise<string> =>
    transport
      .unary('tikv:1', method, utf8(text), signal)
      .then((reply) => Buffer.from(reply).toString('utf8'));

  const stream = (place = streams.length - 1): Stream => {
    const found = streams[place];
    if (found === undefined) throw new Error(`no stream ${place}`);
    return found;
  };

  it('sends what comes in one turn as one message, each under its name', async () => {
    const answers = [send(GET, 'a'), send(COMMIT, 'b'), send(GET, 'c')];
    await turns();
    expect(streams.length).to.equal(1);
    expect(stream().received.length).to.equal(1);
    const [{ requests, requestIds } = { requests: [], requestIds: [] }] = stream().received;
    expect(requests.map((request) => Object.keys(request))).to.deep.equal([['Get'], ['Commit'], ['Get']]);
    expect(requestIds).to.deep.equal([1n, 2n, 3n]);
    stream().answer([3n, 'Get', 'C'], [1n, 'Get', 'A']);
    stream().answer([2n, 'Commit', '']);
    await turns();
    expect(await Promise.all(answers)).to.deep.equal(['A', '', 'C']);
  });

  it('does not wait for one answer with the next command', async () => {
    void send(GET, 'slow').catch(() => undefined);
    await turns();
    const fast = send(GET, 'fast');
    await turns();
    stream().answer([2n, 'Get', 'first']);
    await turns();
    expect(await fast).to.equal('first');
    expect(streams.length).to.equal(1);
  });

  it('makes several messages of many commands, and of large ones', async () => {
    const many = Array.from({ length: limits.batchCommands + 1 }, () => send(GET, 'x'));
    const large = [
      transport.unary('tikv:1', GET, new Uint8Array(limits.batchBytes), NEVER),
      transport.unary('tikv:1', GET, new Uint8Array(1), NEVER),
    ];
    for (const promise of [...many, ...large]) promise.catch(() => undefined);
    await turns();
    expect(stream().received.map(({ requests }) => requests.length)).to.deep.equal([
      limits.batchCommands,
      1,
      1,
      1,
    ]);
  });

  it('lets everything else go as it did', async () => {
    expect(await send(COPROCESSOR, 'scan')).to.equal('direct');
    expect(direct).to.deep.equal([COPROCESSOR]);
    expect(streams).to.deep.equal([]);
  });

  it('fails every command on a stream that breaks, and opens another for the next', async () => {
    const failed = [send(GET, 'a'), send(COMMIT, 'b')].map(failureOf);
    await turns();
    stream().fail();
    await turns();
    for (const error of await Promise.all(failed)) {
      expect(error).to.be.instanceOf(RpcError);
      expect(error).to.include({ code: RpcCode.unavailable, isRetryable: true, address: 'tikv:1' });
    }
    const next = send(GET, 'c');
    await turns();
    expect(streams.length).to.equal(2);
    stream().answer([1n, 'Get', 'C']);
    await turns();
    expect(await next).to.equal('C');
  });

  it('fails on bytes that are no answer, and on an answer to something else', async () => {
    const torn = failureOf(send(GET, 'a'));
    await turns();
    stream().say(Uint8Array.from([0x0a, 0x7f]));
    await turns();
    expect(await torn).to.include({ code: RpcCode.internal });
    const wrong = failureOf(send(GET, 'a'));
    await turns();
    stream().answer([1n, 'Commit', '']);
    await turns();
    expect(await wrong).to.include({ code: RpcCode.unknown });
  });

  it('gives a command up that waits too long, and the stream when nothing comes on it', async () => {
    const slow = failureOf(send(GET, 'slow'));
    await turns();
    const quick = send(GET, 'quick');
    await turns(1_000);
    stream().answer([2n, 'Get', 'Q']);
    await turns(limits.rpcAttemptMs);
    expect(await quick).to.equal('Q');
    expect(await slow).to.include({ code: RpcCode.deadlineExceeded });
    const silent = failureOf(send(GET, 'silent'));
    await turns(limits.rpcAttemptMs + 2_000);
    expect(await silent).to.include({ code: RpcCode.deadlineExceeded, details: 'the store is silent' });
    void send(GET, 'next').catch(() => undefined);
    await turns();
    expect(streams.length).to.equal(2);
  });

  it('forgets what is aborted, and does not send it if it has not left', async () => {
    const life = new AbortController();
    const aborted = failureOf(send(GET, 'a', life.signal));
    const other = send(GET, 'b');
    life.abort(new Error('stop'));
    await turns();
    expect(await aborted).to.have.property('message', 'stop');
    expect(stream().received.map(({ requestIds }) => requestIds)).to.deep.equal([[2n]]);
    stream().answer([1n, 'Get', 'late'], [2n, 'Get', 'B']);
    await turns();
    expect(await other).to.equal('B');
  });

  it('fails what is on its way to a store that is forgotten', async () => {
    const lost = failureOf(send(GET, 'a'));
    await turns();
    transport.forget('tikv:1');
    expect(await lost).to.include({ code: RpcCode.unavailable });
  });
});
