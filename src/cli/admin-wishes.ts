/** SIGHUP and SIGUSR2 as wishes, which wait until there is somebody to grant them. */
import { Alarm } from '../base/alarm.js';

/** `reload`: read the settings again. `replace`: replace the front-end processes. */
export type AdminWish = 'reload' | 'replace';

/** What the process has been asked for; asked twice before it is granted is asked once. */
export class AdminWishes {
  readonly #open = new Set<AdminWish>();
  readonly #alarm = new Alarm();

  add(wish: AdminWish): void {
    this.#open.add(wish);
    this.#alarm.ring();
  }

  /** The next one, when there is one. @throws the signal's reason. */
  async next(signal: AbortSignal): Promise<AdminWish> {
    for (;;) {
      const [wish] = this.#open;
      if (wish !== undefined) {
        this.#open.delete(wish);
        return wish;
      }
      await this.#alarm.wait(signal);
    }
  }
}

/** Listens from now on. On a terminal SIGHUP goes on meaning that the terminal has gone: it ends the process. */
export function adminWishes(): AdminWishes {
  const wishes = new AdminWishes();
  if (!process.stderr.isTTY) process.on('SIGHUP', () => wishes.add('reload'));
  process.on('SIGUSR2', () => wishes.add('replace'));
  return wishes;
}
