/** Memory of another process (Linux). */
import { readFileSync, writeFileSync } from 'node:fs';

export const MB = 1024 * 1024;

/** Resident bytes now. */
export function residentBytes(pid: number): number {
  return field(pid, 'VmRSS');
}

/** Resident bytes at most since this was last called for the process. */
export function peakResidentBytes(pid: number): number {
  const peak = field(pid, 'VmHWM');
  writeFileSync(`/proc/${pid}/clear_refs`, '5');
  return peak;
}

function field(pid: number, name: string): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]) * 1024;
}
