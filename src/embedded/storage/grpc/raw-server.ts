/**
 * A gRPC server of bytes: what the messages are its handlers know. Handlers of unary calls answer at once; a stream is
 * handed over as it is.
 */
import {
  Server,
  ServerCredentials,
  type ServiceDefinition,
  type ServerDuplexStream,
  type UntypedHandleCall,
  type sendUnaryData,
  type ServerUnaryCall,
} from '@grpc/grpc-js';
import { asBuffer } from '../../../base/bytes.js';
import { asError, messageOf } from '../../../base/errors.js';
import type { Runtime } from '../../../base/runtime.js';
import { RpcCode } from '../../../tikv/rpc-error.js';
import type { CallFailure, CallOutcome } from '../call-outcome.js';
import { isMalformedRequest } from '../malformed-request.js';

/** One stream, as gRPC has it. */
export type ByteStream = ServerDuplexStream<Uint8Array, Uint8Array>;

/** One service: its full name and methods. */
export interface RawService {
  readonly name: string;
  readonly unary: {
    readonly methods: Iterable<string>;
    readonly handle: (method: string, body: Uint8Array) => CallOutcome;
  };
  readonly duplex: Readonly<Record<string, (stream: ByteStream) => void>>;
}

/** A server at one address. */
export class RawServer {
  readonly #runtime: Runtime;
  readonly #server = new Server({
    'grpc.max_receive_message_length': -1,
    'grpc.max_send_message_length': -1,
  });
  #address = '';

  /** @param runtime - told of handlers that fail. */
  constructor(runtime: Runtime) {
    this.#runtime = runtime;
  }

  /** `host:port`. */
  get address(): string {
    return this.#address;
  }

  add(service: RawService): void {
    const definition: Record<string, ServiceDefinition[string]> = {};
    const handlers: Record<string, UntypedHandleCall> = {};
    const declare = (method: string, isStream: boolean, handler: UntypedHandleCall): void => {
      definition[method] = methodDefinition(`/${service.name}/${method}`, isStream);
      handlers[method] = handler;
    };
    for (const method of service.unary.methods) {
      declare(
        method,
        false,
        (call: ServerUnaryCall<Uint8Array, Uint8Array>, reply: sendUnaryData<Uint8Array>) => {
          const outcome = guarded(this.#runtime, () => service.unary.handle(method, call.request));
          if (outcome.kind === 'reply') reply(null, outcome.body);
          else reply(asStatus(outcome));
        },
      );
    }
    for (const [method, open] of Object.entries(service.duplex)) {
      declare(method, true, (stream: ByteStream) => open(stream));
    }
    this.#server.addService(definition, handlers);
  }

  /** Listens at a free port. */
  async listen(host: string): Promise<void> {
    const port = await new Promise<number>((resolve, reject) => {
      this.#server.bindAsync(`${host}:0`, ServerCredentials.createInsecure(), (error, bound) => {
        if (error === null) resolve(bound);
        else reject(error);
      });
    });
    this.#address = `${host}:${port}`;
  }

  /** Breaks all connections; new ones are welcome. */
  dropConnections(): void {
    this.#server.drain(this.#address, 0);
  }

  stop(): void {
    this.#server.forceShutdown();
  }
}

/** A handler that throws has a bug, of which the runtime's owner is to know, unless the request was none. */
export function guarded<R>(runtime: Runtime, handle: () => R): R | CallFailure {
  try {
    return handle();
  } catch (error) {
    if (isMalformedRequest(error)) {
      return { kind: 'failure', code: RpcCode.invalidArgument, details: error.message };
    }
    runtime.spawn('embedded storage', () => Promise.reject(asError(error)));
    return { kind: 'failure', code: RpcCode.internal, details: messageOf(error) };
  }
}

/** Answers each message of a stream by one, in order, until its client or a failure ends it. */
export function serveReplies(
  stream: ByteStream,
  runtime: Runtime,
  reply: (message: Uint8Array) => CallOutcome,
): void {
  let isOver = false;
  stream.on('data', (message: Uint8Array) => {
    if (isOver) return;
    const outcome = guarded(runtime, () => reply(message));
    if (outcome.kind === 'reply') {
      stream.write(outcome.body);
      return;
    }
    isOver = true;
    endStream(stream, outcome);
  });
  stream.on('end', () => {
    if (!isOver) stream.end();
  });
}

/** Ends a stream with a status. */
export function endStream(stream: ByteStream, { code, details }: CallFailure): void {
  stream.emit('error', asStatus({ code, details }));
}

/** In the form in which gRPC takes a status from a handler. */
function asStatus({
  code,
  details,
}: Pick<CallFailure, 'code' | 'details'>): Error & { code: number; details: string } {
  return Object.assign(new Error(details), { code, details });
}

function methodDefinition(path: string, isStream: boolean): ServiceDefinition[string] {
  return {
    path,
    requestStream: isStream,
    responseStream: isStream,
    requestSerialize: asBuffer,
    requestDeserialize: identity,
    responseSerialize: asBuffer,
    responseDeserialize: identity,
  };
}

function identity(bytes: Buffer): Uint8Array {
  return bytes;
}
