import {
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerUnaryCall,
  type sendUnaryData,
  status,
} from '@grpc/grpc-js';
import { expect } from 'chai';
import { generate } from 'selfsigned';
import { fromUtf8, utf8 } from '../../../src/base/bytes.js';
import { GrpcTransport } from '../../../src/tikv/grpc-transport.js';
import { RpcCode, RpcError } from '../../../src/tikv/rpc-error.js';
import { failureOf } from '../../support/failure.js';

const NEVER = new AbortController().signal;
const ECHO = '/test.Echo/Unary';
const STREAM = '/test.Echo/Stream';

const method = (path: string, isStream: boolean) => ({
  path,
  requestStream: isStream,
  responseStream: isStream,
  requestSerialize: (bytes: Buffer) => bytes,
  requestDeserialize: (bytes: Buffer) => bytes,
  responseSerialize: (bytes: Buffer) => bytes,
  responseDeserialize: (bytes: Buffer) => bytes,
});

/** Answers what it is told; `slow` never, `fail` with NOT_FOUND. */
class EchoServer {
  readonly server = new Server({ 'grpc.max_receive_message_length': -1, 'grpc.max_send_message_length': -1 });
  cancelled = 0;
  streams: ServerDuplexStream<Buffer, Buffer>[] = [];
  address = '';

  async listen(credentials = ServerCredentials.createInsecure(), port = 0): Promise<void> {
    const definition = { unary: method(ECHO, false), stream: method(STREAM, true) };
    this.server.addService(definition, {
      unary: (call: ServerUnaryCall<Buffer, Buffer>, callback: sendUnaryData<Buffer>) => {
        call.on('cancelled', () => this.cancelled++);
        const text = fromUtf8(call.request.subarray(0, 10));
        if (text === 'fail') callback({ code: status.NOT_FOUND, details: 'there is none' });
        else if (text !== 'slow') callback(null, call.request);
      },
      stream: (call: ServerDuplexStream<Buffer, Buffer>) => {
        this.streams.push(call);
        call.on('data', (message: Buffer) => call.write(message));
        call.on('end', () => call.end());
        call.on('error', () => undefined);
      },
    });
    const bound = await new Promise<number>((resolve, reject) => {
      this.server.bindAsync(`127.0.0.1:${port}`, credentials, (error, at) =>
        error ? reject(error) : resolve(at),
      );
    });
    this.address = `127.0.0.1:${bound}`;
  }

  stop(): void {
    this.server.forceShutdown();
  }
}

describe('tikv/grpc-transport', function () {
  this.timeout(30_000);
  let echo: EchoServer;
  let transport: GrpcTransport;

  beforeEach(async () => {
    echo = new EchoServer();
    await echo.listen();
    transport = new GrpcTransport();
  });
  afterEach(() => {
    transport.close();
    echo.stop();
  });

  it('gives a reply as it came, of any size', async () => {
    const large = new Uint8Array(20 * 1024 * 1024).fill(7);
    const reply = await transport.unary(echo.address, ECHO, large, NEVER);
    expect(Buffer.compare(reply, large)).to.equal(0);
    expect((await transport.unary(echo.address, ECHO, new Uint8Array(0), NEVER)).length).to.equal(0);
  });

  it('wraps a failure with its code, address and method', async () => {
    const error = await failureOf(transport.unary(echo.address, ECHO, utf8('fail'), NEVER));
    expect(error).to.be.instanceOf(RpcError);
    const { code, address, method: path, details } = error as RpcError;
    expect([code, address, path, details]).to.deep.equal([5, echo.address, ECHO, 'there is none']);
    const unknown = (await failureOf(
      transport.unary(echo.address, '/test.Echo/Nope', utf8('x'), NEVER),
    )) as RpcError;
    expect(unknown.isUnimplemented).to.equal(true);
    expect(unknown.isRetryable).to.equal(false);
  });

  it('cancels a call whose caller has left, and rejects with his reason', async () => {
    const controller = new AbortController();
    const asked = failureOf(transport.unary(echo.address, ECHO, utf8('slow'), controller.signal));
    await new Promise((resolve) => setTimeout(resolve, 100));
    controller.abort(new Error('gone'));
    expect(((await asked) as Error).message).to.equal('gone');
    for (let i = 0; i < 100 && echo.cancelled === 0; i++)
      await new Promise((resolve) => setTimeout(resolve, 10));
    expect(echo.cancelled).to.equal(1);
  });

  it('says that a server is unavailable, and reaches it when it is back', async () => {
    await transport.unary(echo.address, ECHO, utf8('x'), NEVER);
    const { address } = echo;
    echo.stop();
    const error = (await failureOf(transport.unary(address, ECHO, utf8('x'), NEVER))) as RpcError;
    expect(error.code).to.equal(RpcCode.unavailable);
    expect(error.isRetryable).to.equal(true);
    echo = new EchoServer();
    await echo.listen(undefined, Number(address.split(':')[1]));
    transport.forget(address);
    expect(fromUtf8(await transport.unary(address, ECHO, utf8('again'), NEVER))).to.equal('again');
  });

  it('streams both ways in order and ends with the server', async () => {
    const stream = transport.duplex(echo.address, STREAM, { features: 'x' }, NEVER);
    const got: string[] = [];
    const reading = (async () => {
      for await (const message of stream) got.push(fromUtf8(message));
    })();
    for (let i = 0; i < 500; i++) await stream.write(utf8(`message ${i}`));
    stream.end();
    await reading;
    expect(got).to.deep.equal(Array.from({ length: 500 }, (_, i) => `message ${i}`));
    expect(echo.streams[0]!.metadata.get('features')).to.deep.equal(['x']);
  });

  it('holds the server back when nobody reads', async () => {
    const stream = transport.duplex(echo.address, STREAM, {}, NEVER);
    await stream.write(utf8('hello'));
    while (echo.streams.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    const [server] = echo.streams;
    const message = Buffer.alloc(256 * 1024);
    let sent = 0;
    const flood = (async () => {
      for (; sent < 400; sent++) {
        if (!server!.write(message)) {
          const drained = await Promise.race([
            new Promise<boolean>((resolve) => server!.once('drain', () => resolve(true))),
            new Promise<boolean>((resolve) => setTimeout(resolve, 300, false)),
          ]);
          if (!drained) return;
        }
      }
    })();
    await flood;
    expect(sent).to.be.below(400);
    let received = 0;
    for await (const bytes of stream) {
      received += bytes.length;
      if (received > 1_000_000) break;
    }
    expect(received).to.be.above(1_000_000);
  });

  it('ends a stream with the reason of its abort, and with the failure of its server', async () => {
    const controller = new AbortController();
    const stream = transport.duplex(echo.address, STREAM, {}, controller.signal);
    await stream.write(utf8('x'));
    const reading = failureOf(
      (async () => {
        for await (const message of stream) expect(message.length).to.equal(1);
      })(),
    );
    await new Promise((resolve) => setTimeout(resolve, 50));
    controller.abort(new Error('enough'));
    expect(((await reading) as Error).message).to.equal('enough');
    expect(((await failureOf(stream.write(utf8('y')))) as Error).message).to.equal('enough');

    const other = transport.duplex(echo.address, STREAM, {}, NEVER);
    await other.write(utf8('x'));
    const broken = failureOf(
      (async () => {
        for await (const message of other) expect(message.length).to.equal(1);
      })(),
    );
    await new Promise((resolve) => setTimeout(resolve, 50));
    echo.stop();
    expect(await broken).to.be.instanceOf(RpcError);
  });

  it('speaks TLS with certificates on both sides', async () => {
    const attributes = [{ name: 'commonName', value: 'localhost' }];
    const pems = await generate(attributes, {
      keySize: 2048,
      extensions: [{ name: 'subjectAltName', altNames: [{ type: 2, value: 'localhost' }] }],
    });
    const [cert, key] = [Buffer.from(pems.cert), Buffer.from(pems.private)];
    const secure = new EchoServer();
    await secure.listen(ServerCredentials.createSsl(cert, [{ private_key: key, cert_chain: cert }], true));
    const address = secure.address.replace('127.0.0.1', 'localhost');
    const trusted = new GrpcTransport({ tls: { ca: cert, cert, key } });
    expect(fromUtf8(await trusted.unary(address, ECHO, utf8('secret'), NEVER))).to.equal('secret');
    const unknown = new GrpcTransport({ tls: { ca: cert } });
    expect(await failureOf(unknown.unary(address, ECHO, utf8('x'), NEVER))).to.be.instanceOf(RpcError);
    trusted.close();
    unknown.close();
    secure.stop();
  });
});
