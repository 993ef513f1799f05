/** A method of a store: from bytes to bytes, by way of the region that the request is for. */
import type { Context, MessageInput, WithContext, WithRegionError } from '../../../tikv/proto-types.js';
import type { KvMethod } from '../../../tikv/kv-methods.js';
import { decodeRequest } from '../malformed-request.js';
import { type StoreRegion, rawKey } from '../regions/store-region.js';
import { type RegionError, type RegionFinding, checkKeys } from './region-check.js';

/** Finds the region of a request. */
export type FindRegion = (context: Context | null) => RegionFinding;

/** Decodes a request, answers it, encodes the reply. */
export interface RegionMethod {
  readonly name: string;
  readonly answer: (body: Uint8Array, find: FindRegion) => Uint8Array;
}

/**
 * A method as its answer.
 *
 * @param keysOf - keys of the request that must be the region's.
 * @param answer - given for requests that the region can serve.
 */
export function regionMethod<Q extends WithContext, R extends WithRegionError>(
  method: KvMethod<Q, R>,
  keysOf: (request: Q) => readonly Uint8Array[],
  answer: (request: Q, region: StoreRegion) => MessageInput<R>,
): RegionMethod {
  const refuse = (regionError: RegionError): Uint8Array =>
    // Every reply of a region has the field; TypeScript cannot see that of a generic one.
    method.response.encode({ regionError } as unknown as MessageInput<R>);
  return {
    name: method.name,
    answer: (body, find) => {
      const request = decodeRequest(method.request, body);
      const finding = find(request.context);
      if (finding.kind === 'error') return refuse(finding.error);
      const error = checkKeys(finding.region, keysOf(request).map(rawKey));
      return error === undefined ? method.response.encode(answer(request, finding.region)) : refuse(error);
    },
  };
}
