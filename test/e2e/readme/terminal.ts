/** A program on a terminal of its own, to type into: see terminal.py, since Node has no terminals. */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { python, root } from '../../clients/installed.js';

/** A running program. */
export class Terminal {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #screens: AsyncIterator<string>;
  /** The prompt that the program shows now; empty when it has ended. */
  #prompt = '';

  private constructor(program: readonly string[]) {
    this.#child = spawn(python, [join(root, 'test/e2e/readme/terminal.py'), ...program], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#screens = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  /** Starts a program and waits for its first prompt; what it shows before is dropped. */
  static async open(program: readonly string[]): Promise<Terminal> {
    const terminal = new Terminal(program);
    await terminal.#next();
    return terminal;
  }

  /** Types a line. @returns what the terminal then showed: prompt, line, answer. */
  async type(line: string): Promise<string> {
    const prompt = this.#prompt;
    this.#child.stdin.write(`${JSON.stringify(line)}\n`);
    return prompt + (await this.#next());
  }

  /** Ends the program. */
  close(): void {
    this.#child.stdin.end();
  }

  async #next(): Promise<string> {
    const next = await this.#screens.next();
    if (next.done === true) throw new Error('the terminal is gone');
    const screen = JSON.parse(next.value) as string;
    const lastLine = screen.lastIndexOf('\n') + 1;
    this.#prompt = screen.slice(lastLine);
    return screen.slice(0, lastLine);
  }
}
