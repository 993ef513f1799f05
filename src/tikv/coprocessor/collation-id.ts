/**
 * MySQL's numbers of the collations that TiDB knows. On the wire they are negative when the cluster uses the new
 * collation framework (`mysql.tidb.new_collation_enabled`), which is how TiKV knows to compare by weights.
 *
 * @see pingcap/tidb pkg/util/collate/collate.go (CollationToProto)
 */
import { TiviewError } from '../../base/errors.js';

const IDS: ReadonlyMap<string, number> = new Map([
  ['gbk_chinese_ci', 28],
  ['utf8_general_ci', 33],
  ['utf8mb4_general_ci', 45],
  ['utf8mb4_bin', 46],
  ['latin1_bin', 47],
  ['binary', 63],
  ['ascii_bin', 65],
  ['utf8_bin', 83],
  ['gbk_bin', 87],
  ['utf8_unicode_ci', 192],
  ['utf8mb4_unicode_ci', 224],
  ['gb18030_chinese_ci', 248],
  ['gb18030_bin', 249],
  ['utf8mb4_0900_ai_ci', 255],
  ['utf8mb4_0900_bin', 309],
]);

/**
 * The number to send for a collation.
 *
 * @throws TiviewError `unknownCollation`
 */
export function collationId(name: string, usesNewCollation: boolean): number {
  // Types that are no strings have no collation; TiDB says binary for them.
  const id = IDS.get(name === '' ? 'binary' : name);
  if (id === undefined) {
    throw new TiviewError(`collation ${name} has no known number`, {
      kind: 'unknownCollation',
      side: 'proxy',
      isRetryable: false,
    });
  }
  return usesNewCollation ? -id : id;
}

/** The name of a number as sent, whatever its sign; undefined: none of these. */
export function collationName(id: number): string | undefined {
  for (const [name, known] of IDS) if (known === Math.abs(id)) return name;
  return undefined;
}
