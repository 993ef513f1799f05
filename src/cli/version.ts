/** The version of this program, from its package.json. */
import { readFileSync } from 'node:fs';

/** `1.2.3`. */
export function programVersion(): string {
  // dist/src/cli and src/cli are equally deep below the folder that holds package.json, but for dist itself.
  for (const up of ['../../../package.json', '../../package.json']) {
    try {
      const text = readFileSync(new URL(up, import.meta.url), 'utf8');
      const { name, version } = JSON.parse(text) as { name?: string; version?: string };
      if (name === 'tiview' && version !== undefined) return version;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
  return 'unknown';
}
