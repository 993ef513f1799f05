/** How clients are shared out among tidb-servers, as the user wants it. */

/** What a server's share of clients goes by besides weights: nothing more, or how busy TiDB says it is. */
export const BALANCE_POLICIES = ['connections', 'load'] as const;

/** One of {@link BALANCE_POLICIES}. */
export type BalancePolicy = (typeof BALANCE_POLICIES)[number];

/** Which servers have a weight. */
export type WeightRule =
  | { readonly kind: 'address'; readonly address: string; readonly weight: number }
  | { readonly kind: 'label'; readonly name: string; readonly value: string; readonly weight: number };

/** Settings of a proxy. */
export interface BalanceSettings {
  readonly policy: BalancePolicy;
  /** Servers whose label {@link ZONE_LABEL} has this value come first; undefined: none do. */
  readonly zone: string | undefined;
  readonly weights: readonly WeightRule[];
}

/** Labels of a tidb-server: `labels` of its configuration, or set through its status port. */
export type ServerLabels = ReadonlyMap<string, string>;

/** The label by which TiDB itself knows its zone (`config.GetTxnScopeFromConfig`). */
export const ZONE_LABEL = 'zone';

/** By connections alone, and all alike. */
export const EVENLY: BalanceSettings = { policy: 'connections', zone: undefined, weights: [] };

const USUAL_WEIGHT = 1;

/** A server's weight: by its address; else by the first rule whose label it has; else 1. 0: it gets no clients. */
export function weightOf(rules: readonly WeightRule[], address: string, labels: ServerLabels): number {
  const rule =
    rules.find((one) => one.kind === 'address' && one.address === address) ??
    rules.find((one) => one.kind === 'label' && labels.get(one.name) === one.value);
  return rule?.weight ?? USUAL_WEIGHT;
}
