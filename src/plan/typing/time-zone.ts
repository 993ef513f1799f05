/**
 * Time zones in which comparing moments of the wall clock is comparing moments: those with one offset for ever. Under
 * daylight saving two moments show the same wall clock once a year, and TiDB compares TIMESTAMPs by what the clock
 * shows.
 */

const OFFSET = /^([+-])(\d{1,2}):(\d{2})$/;

/** Minutes east of UTC of a fixed zone; undefined: the zone has none, or we do not know it. */
export function fixedOffsetMinutes(timeZone: string): number | undefined {
  if (/^(?:UTC|Etc\/UTC)$/i.test(timeZone)) return 0;
  const match = OFFSET.exec(timeZone);
  if (match === null) return undefined;
  const minutes = Number(match[2]) * 60 + Number(match[3]);
  return match[1] === '-' ? -minutes : minutes;
}
