/**
 * Words that TiDB takes for names only in quotes.
 *
 * @see pingcap/tidb pkg/parser/parser.y (ReservedKeyword)
 */
const WORDS = `
add all alter analyze and array as asc between bigint binary blob both by call cascade case change char character
check collate column constraint continue convert create cross cume_dist current_date current_role current_time
current_timestamp current_user cursor database databases day_hour day_microsecond day_minute day_second decimal default
delayed delete dense_rank desc describe distinct distinctrow div double drop dual else elseif enclosed escaped except
exists exit explain false fetch first_value float for force foreign from fulltext generated grant group groups having
high_priority hour_microsecond hour_minute hour_second if ignore ilike in index infile inner inout insert int integer
intersect interval into is iterate join key keys kill lag last_value lead leading leave left like limit linear lines load
localtime localtimestamp lock long longblob longtext low_priority match maxvalue mediumblob mediumint mediumtext middleint
minute_microsecond minute_second mod natural no_write_to_binlog not nth_value ntile null numeric of on optimize option
optionally or order out outer outfile over partition percent_rank precision primary procedure range rank read real
recursive references regexp release rename repeat replace require restrict revoke right rlike row row_number rows
second_microsecond select set show smallint spatial sql sql_big_result sql_calc_found_rows sql_small_result sqlexception
sqlstate sqlwarning ssl starting stored straight_join table tablesample terminated then tidb_current_tso tinyblob tinyint
tinytext to trailing trigger true union unique unlock unsigned until update usage use using utc_date utc_time
utc_timestamp values varbinary varchar varcharacter varying virtual when where while window with write xor year_month
zerofill
`;

const reserved: ReadonlySet<string> = new Set(WORDS.trim().split(/\s+/));

/** Whether a word needs quotes to be a name. */
export function isReservedWord(word: string): boolean {
  return reserved.has(word.toLowerCase());
}
