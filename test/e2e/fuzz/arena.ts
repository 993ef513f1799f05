/** Where scenarios are played: proxies in one process, each between a client and two servers, and beside a neighbour. */
import { setTimeout as sleep } from 'node:timers/promises';
import { present } from '../../../src/base/assert.js';
import { messageOf } from '../../../src/base/errors.js';
import type { ClientTls } from '../../../src/proxy/tls-options.js';
import { playClient } from './fuzz-client.js';
import { FuzzServer } from './fuzz-server.js';
import { FuzzedChild } from './fuzzed-child.js';
import type { FuzzedProxyStats } from './fuzzed-proxy.js';
import { Neighbour } from './neighbour.js';
import type { Scenario } from './scenario.js';

/** The longest that a session may take to end once its client has, and a neighbour to be answered. */
const END_MS = 20_000;
/** The longest until no session is left: the longest deadline is a minute on the proxy's clock, six seconds on ours. */
const QUIET_MS = 20_000;
/** The end of a process may be heard of so long after that of its connections. */
const DEATH_MS = 1_000;
/** Looks at what is held when it is calm. */
const CALM_SAMPLES = 10;
/** A session may do harm after its end: so many of each proxy's last ones are suspect. */
const SUSPECTS = 3;

/** Something that must not be, and the scenarios that were played, any of which may have brought it about. */
export interface Find {
  readonly problem: string;
  readonly suspects: readonly Scenario[];
}

interface Place {
  readonly port: number;
  readonly servers: readonly [FuzzServer, FuzzServer];
  readonly neighbour: Neighbour;
  recent: Scenario[];
}

/** Some proxies, and what lies around them. */
export class Arena {
  readonly #child: FuzzedChild;
  readonly #places: readonly Place[];
  readonly #sound: Scenario;

  private constructor(child: FuzzedChild, places: readonly Place[], sound: Scenario) {
    this.#child = child;
    this.#places = places;
    this.#sound = sound;
  }

  /** @param count - of proxies. @param sound - a login that is as it must be. */
  static async start(count: number, sound: Scenario, tls: ClientTls): Promise<Arena> {
    const servers: (readonly [FuzzServer, FuzzServer])[] = [];
    for (let i = 0; i < count; i++)
      servers.push([await FuzzServer.start(sound), await FuzzServer.start(sound)]);
    const child = await FuzzedChild.start(
      servers.map(([a, b]) => `${a.address},${b.address}`),
      tls,
    );
    const places: Place[] = [];
    for (const [index, pair] of servers.entries()) {
      const port = child.ports[index] ?? 0;
      places.push({ port, servers: pair, neighbour: await Neighbour.start(port, sound, END_MS), recent: [] });
    }
    return new Arena(child, places, sound);
  }

  /** How long the slowest answer to a neighbour has taken. */
  get slowestMs(): number {
    return Math.max(...this.#places.map(({ neighbour }) => neighbour.slowestMs));
  }

  /** Plays scenarios, one at a time at each proxy. @param next - undefined: it is enough. */
  async play(next: () => Scenario | undefined): Promise<Find | undefined> {
    let hasFailed = false;
    const at = async (place: Place): Promise<void> => {
      for (let scenario = next(); scenario !== undefined && !hasFailed; scenario = next()) {
        place.recent = [scenario, ...place.recent].slice(0, SUSPECTS);
        place.servers[0].scenario = scenario;
        place.servers[1].scenario = scenario.options.otherIsSound ? this.#sound : scenario;
        await playClient(place.port, scenario, END_MS);
      }
    };
    const failures = this.#places.map(({ neighbour }) => neighbour.failed);
    try {
      const all = Promise.all(this.#places.map(at));
      all.catch(() => undefined);
      await Promise.race([all, this.#child.died, ...failures]);
      return undefined;
    } catch (error) {
      hasFailed = true;
      const suspects = this.#places.flatMap(({ recent }) => recent);
      // A neighbour that is sent away may be the first sign of the process's end, which says more.
      const death = this.#child.died.catch(messageOf);
      const problem = (await Promise.race([death, sleep(DEATH_MS)])) ?? messageOf(error);
      return { problem, suspects };
    }
  }

  /**
   * Waits until only the neighbours are left.
   *
   * @returns the least of some samples: V8 gives the memory of buffers back some time after it has collected them.
   * @throws Error — when others stay.
   */
  async quiet(): Promise<FuzzedProxyStats> {
    const until = performance.now() + QUIET_MS;
    let least: FuzzedProxyStats | undefined;
    for (let left = CALM_SAMPLES; left > 0;) {
      const stats = await this.#child.stats();
      // Health checks come and go: they have at most one connection to a server.
      const calm = this.#places.length * 4;
      if (stats.openConnections === this.#places.length && stats.sockets <= calm) {
        if (least === undefined || stats.heap < least.heap) least = stats;
        left--;
      } else if (performance.now() > until) {
        throw new Error(`${stats.openConnections} sessions and ${stats.sockets} sockets are left`);
      }
      await sleep(200);
    }
    return present(least, 'a sample');
  }

  async stop(): Promise<void> {
    await Promise.all(this.#places.map(({ neighbour }) => neighbour.stop()));
    await this.#child.stop();
    for (const { servers } of this.#places) for (const server of servers) server.stop();
  }
}
