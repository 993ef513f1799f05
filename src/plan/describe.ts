/**
 * The front half of the compiler, as the planner knows it: TiDB in a cluster, a small one of our own in the embedded
 * cluster. Both are asked in the tests and must agree.
 */

/** Settings of the session that created a view, pinned for as long as it lives. */
export interface PinnedContext {
  /** Database of unqualified names in what the user wrote; canonical text has none. */
  readonly database: string | undefined;
  readonly sqlMode: string;
  /** `UTC`, `+08:00`, `Europe/Berlin`; never `SYSTEM`. */
  readonly timeZone: string;
  /** `collation_connection`. */
  readonly collation: string;
  readonly divPrecisionIncrement: number;
}

/** A column of a select as the server types it. */
export interface DescribedColumn {
  readonly name: string;
  /** As in DDL, without character set and nullability: `varchar(20)`, `decimal(16,7)`, `enum('a','b')`. */
  readonly type: string;
  /** undefined for columns that have none. */
  readonly collation: string | undefined;
  readonly isNotNull: boolean;
}

/** A select in the server's own words. */
export interface Description {
  /** `information_schema.views.view_definition`: what the grammar of grammar/select.peggy reads. */
  readonly canonical: string;
  readonly columns: readonly DescribedColumn[];
}

/** Describes selects. */
export interface SelectDescriber {
  /**
   * Describes a select as the pinned session understands it.
   *
   * @throws SqlError — the server's own, as for `CREATE VIEW`; the signal's reason.
   */
  describe(select: string, pinned: PinnedContext, signal: AbortSignal): Promise<Description>;
}
