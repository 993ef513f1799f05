/**
 * Column types whose values the binary protocol does not send as length-encoded strings. (All types:
 * codec/field-type.ts, which this layer may not see.)
 *
 * @see https://dev.mysql.com/doc/dev/mysql-server/latest/field__types_8h.html
 */
export const BinaryType = {
  tiny: 1,
  short: 2,
  long: 3,
  float: 4,
  double: 5,
  timestamp: 7,
  longlong: 8,
  int24: 9,
  date: 10,
  duration: 11,
  datetime: 12,
  year: 13,
} as const;

/** Column flag: the integer is unsigned. */
export const UNSIGNED_FLAG = 32;
