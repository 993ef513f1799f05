/** What small pieces of work cost. */

/** CPU nanoseconds a call, the least of a few rounds. */
export function cpuNs(work: () => void, calls: number): number {
  let least = Infinity;
  for (let round = 0; round < 7; round++) {
    const before = process.cpuUsage();
    for (let i = 0; i < calls; i++) work();
    const { user, system } = process.cpuUsage(before);
    least = Math.min(least, ((user + system) * 1000) / calls);
  }
  return least;
}
