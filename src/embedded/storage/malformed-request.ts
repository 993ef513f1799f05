/** A request that is none: its sender's mistake, not a bug of the machine. */
import { messageOf } from '../../base/errors.js';
import { CodecError } from '../../codec/codec-error.js';
import type { MessageCodec } from '../../tikv/proto.js';

class MalformedRequestError extends Error {
  override readonly name = 'MalformedRequestError';
}

/**
 * Decodes what somebody has sent.
 *
 * @throws MalformedRequestError — it is no such message.
 */
export function decodeRequest<Q>(codec: MessageCodec<Q>, body: Uint8Array): Q {
  try {
    return codec.decode(body);
  } catch (error) {
    throw new MalformedRequestError(`no ${codec.name}: ${messageOf(error)}`, { cause: error });
  }
}

/** Whether an error says that a request, or a key in it, could not be decoded. */
export function isMalformedRequest(error: unknown): error is Error {
  return error instanceof MalformedRequestError || error instanceof CodecError;
}
