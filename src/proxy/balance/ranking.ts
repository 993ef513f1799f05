/**
 * Which of several tidb-servers gets the next client. Pure: what is known of them goes in, their standings come out.
 *
 * First the tier: healthy before not yet checked before unhealthy; listed before seed; with memory left before short of
 * it; the own zone before others. Within a tier the one whose connections are fewest for its share. The share is a
 * product: weight, warmth (slow-start.ts) and, by load, the part of its CPU that is idle. So of n clients nobody gets more
 * than its part of n by shares, rounded up (Adams' method of apportionment): a server that stands at or above its part has
 * no fewer connections for its share than the average, hence than some other one.
 *
 * A server whose figures are not known is taken to be as idle as the others are on average; if none are known, connections
 * alone count. The own zone is not preferred as long as all that is well of it is still warming up: it would get everything
 * at once.
 */
import type { BalanceSettings } from './balance-settings.js';
import type { LoadFigures } from './server-load.js';

/** What is known of a server. */
export interface Contender {
  readonly health: 'unknown' | 'healthy' | 'unhealthy';
  readonly isListed: boolean;
  readonly zone: string | undefined;
  /** Above 0. */
  readonly weight: number;
  /** Above 0; 1: it has warmed up. */
  readonly warmth: number;
  readonly connections: number;
  /** Undefined: not known, or long ago. */
  readonly load: LoadFigures | undefined;
}

/** How one server stands among others. */
export interface Standing<T extends Contender> {
  readonly contender: T;
  /** The least is the best, whatever the rest. */
  readonly tier: number;
  /** In relation to the others'; above 0. */
  readonly share: number;
}

/** A share is not taken away altogether from whoever is busy: it would never be seen that he is idle again. */
const IDLE_MIN = 0.05;

/** A server that uses more of its memory than this is short of it: TiDB may soon end it, or its statements. */
const MEMORY_MAX = 0.8;

const HEALTH_RANK = { healthy: 0, unknown: 1, unhealthy: 2 } as const;

/** The standing of each, in the same order. */
export function rank<T extends Contender>(
  contenders: readonly T[],
  settings: BalanceSettings,
): Standing<T>[] {
  const isByLoad = settings.policy === 'load';
  const usualIdle = isByLoad ? meanIdle(contenders) : 1;
  const isAtHome = ({ zone }: Contender): boolean => settings.zone === undefined || zone === settings.zone;
  const isHomePreferred = contenders.some(
    (one) => isAtHome(one) && one.health === 'healthy' && one.warmth === 1,
  );
  return contenders.map((one) => {
    const idle = isByLoad ? (idleOf(one) ?? usualIdle) : 1;
    const isShortOfMemory = isByLoad && one.load !== undefined && one.load.memory > MEMORY_MAX;
    const isElsewhere = one.health === 'healthy' ? isHomePreferred && !isAtHome(one) : !isAtHome(one);
    return {
      contender: one,
      tier: tierOf(one, isShortOfMemory, isElsewhere),
      share: one.weight * one.warmth * idle,
    };
  });
}

/** Negative: `a` gets the client rather than `b`. */
export function compareStandings(a: Standing<Contender>, b: Standing<Contender>): number {
  const byConnections = a.contender.connections / a.share - b.contender.connections / b.share;
  return a.tier - b.tier || byConnections || b.share - a.share;
}

function tierOf({ health, isListed }: Contender, isShortOfMemory: boolean, isElsewhere: boolean): number {
  return 8 * HEALTH_RANK[health] + 4 * Number(!isListed) + 2 * Number(isShortOfMemory) + Number(isElsewhere);
}

function idleOf({ load }: Contender): number | undefined {
  return load === undefined ? undefined : Math.max(IDLE_MIN, 1 - load.cpu);
}

function meanIdle(contenders: readonly Contender[]): number {
  const known = contenders.flatMap((one) => idleOf(one) ?? []);
  return known.length === 0 ? 1 : known.reduce((sum, idle) => sum + idle, 0) / known.length;
}
