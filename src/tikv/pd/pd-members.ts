/**
 * Who PD is: from the seeds to the member that leads, and again whenever that changes. Every other call goes to the
 * leader only: followers refuse (`UNAVAILABLE not leader`), and what they know may be old.
 *
 * @see tikv/pd client/servicediscovery/service_discovery.go
 */
import { assert } from '../../base/assert.js';
import { TiviewError } from '../../base/errors.js';
import { SingleFlight } from '../../base/single-flight.js';
import type { Transport } from '../../base/transport.js';
import { messageCodec } from '../proto.js';
import { RpcError } from '../rpc-error.js';
import type { GetMembersResponse, Member, WithHeader } from './pd-types.js';

const METHOD = '/pdpb.PD/GetMembers';
const request = messageCodec<WithHeader>('pdpb.GetMembersRequest');
const response = messageCodec<GetMembersResponse>('pdpb.GetMembersResponse');

/** PD's members as last seen. */
export class PdMembers {
  readonly #transport: Transport;
  readonly #seeds: readonly string[];
  readonly #refreshing = new SingleFlight<'refresh', void>();
  #members: readonly string[] = [];
  #leader: string | undefined;
  #clusterId: bigint | undefined;

  /** @param seeds - `host:port` of one or more members. */
  constructor(transport: Transport, seeds: readonly string[]) {
    assert(seeds.length > 0, 'PD seeds: at least one is needed');
    this.#transport = transport;
    this.#seeds = seeds;
  }

  /** The cluster's id; known after the first {@link refresh}. */
  get clusterId(): bigint {
    assert(this.#clusterId !== undefined, 'PD has not been asked for its members yet');
    return this.#clusterId;
  }

  /** `host:port` of the leader; known after the first {@link refresh}. */
  get leader(): string {
    assert(this.#leader !== undefined, 'PD has not been asked for its members yet');
    return this.#leader;
  }

  /**
   * Asks around until somebody names the leader. Concurrent calls are one.
   *
   * @throws RpcError | TiviewError — when nobody could; `isRetryable` unless a seed belongs to another cluster.
   */
  refresh(signal: AbortSignal): Promise<void> {
    return this.#refreshing.run('refresh', (shared) => this.#discover(shared), signal);
  }

  async #discover(signal: AbortSignal): Promise<void> {
    let failure: Error = noLeader('nobody was asked');
    for (const address of new Set([...this.#members, ...this.#seeds])) {
      try {
        const bytes = await this.#transport.unary(address, METHOD, request.encode({}), signal);
        if (this.#accept(address, response.decode(bytes))) return;
        failure = noLeader(`${address} knows of none`);
      } catch (error) {
        if (!(error instanceof RpcError)) throw error;
        failure = error;
      }
    }
    throw failure;
  }

  #accept(address: string, reply: GetMembersResponse): boolean {
    const clusterId = reply.header?.clusterId ?? 0n;
    const leader = addressesOf(reply.leader)[0];
    if (clusterId === 0n || leader === undefined) return false;
    if (this.#clusterId !== undefined && this.#clusterId !== clusterId) {
      throw new TiviewError(
        `PD at ${address} belongs to cluster ${String(clusterId)}, not ${String(this.#clusterId)}`,
        {
          kind: 'clusterIdMismatch',
          side: 'pd',
          isRetryable: false,
        },
      );
    }
    this.#clusterId = clusterId;
    this.#leader = leader;
    // The leader first: it is the one most likely to answer next time.
    this.#members = [leader, ...reply.members.flatMap(addressesOf).filter((member) => member !== leader)];
    return true;
  }
}

/** `http://host:port` → `host:port`, for every client URL. */
function addressesOf(member: Member | null): string[] {
  return member === null
    ? []
    : member.clientUrls.map((url) => url.replace(/^[a-z]+:[/][/]/, '').replace(/[/].*$/, ''));
}

function noLeader(detail: string): TiviewError {
  return new TiviewError(`PD has no leader: ${detail}`, {
    kind: 'pdNoLeader',
    side: 'pd',
    isRetryable: true,
  });
}
