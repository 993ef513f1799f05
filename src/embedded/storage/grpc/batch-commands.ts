/**
 * A stream of batches over gRPC: each command is one of the store's unary methods. There is no place for a failed call
 * in an answer, so that one ends the stream, as TiKV's would end with the connection.
 */
import type { Runtime } from '../../../base/runtime.js';
import {
  batchRequest,
  batchResponse,
  batchedCommands,
  type BatchedMessage,
} from '../../../tikv/batch/batch-messages.js';
import { type CallOutcome, unimplemented } from '../call-outcome.js';
import { decodeRequest } from '../malformed-request.js';
import { type ByteStream, serveReplies } from './raw-server.js';

/** The method that is served. */
export const BATCH_COMMANDS = 'BatchCommands';

/** A command's name in a batch → the method that it belongs to. */
const METHODS = new Map(
  Array.from(batchedCommands, ([path, command]) => [command, path.slice(path.lastIndexOf('/') + 1)]),
);

/** Serves one stream until its client or a failure ends it. */
export function serveBatches(
  call: (method: string, body: Uint8Array) => CallOutcome,
  stream: ByteStream,
  runtime: Runtime,
): void {
  serveReplies(stream, runtime, (message) => answer(call, message));
}

function answer(call: (method: string, body: Uint8Array) => CallOutcome, message: Uint8Array): CallOutcome {
  const { requests, requestIds } = decodeRequest(batchRequest, message);
  const responses: BatchedMessage[] = [];
  for (const request of requests) {
    const [[command, body] = []] = Object.entries(request);
    const method = command === undefined ? undefined : METHODS.get(command);
    if (command === undefined || body === undefined || method === undefined)
      return unimplemented('a command');
    const outcome = call(method, body);
    if (outcome.kind !== 'reply') return outcome;
    responses.push({ [command]: outcome.body });
  }
  return { kind: 'reply', body: batchResponse.encode({ responses, requestIds }) };
}
