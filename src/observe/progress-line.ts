/**
 * One line at the bottom of a terminal that shows how far long work has come, under the log. What else is written to
 * the terminal goes above it.
 */

/** What it needs of a terminal. */
export interface Terminal {
  /** 0: it does not know. */
  readonly columns: number;
  write(text: string): void;
}

/** A piece of work under way. */
export interface Work {
  readonly name: string;
  /** 0 … 100. */
  readonly percent: number;
  /** Seconds that are left; undefined: not known. */
  readonly etaSeconds: number | undefined;
}

const BAR_CELLS = 24;
const USUAL_COLUMNS = 80;
/** To the first column, and the line away. */
const CLEAR = '\r\u001b[K';

/** Draws. */
export class ProgressLine {
  readonly #terminal: Terminal;
  #shown = '';

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  /** Shows what is under way; nothing, if nothing is. */
  show(works: readonly Work[]): void {
    const text = works
      .map(textOf)
      .join('   ')
      .slice(0, (this.#terminal.columns || USUAL_COLUMNS) - 1);
    if (text === this.#shown) return;
    this.#shown = text;
    this.#terminal.write(`${CLEAR}${text}`);
  }

  /** Writes whole lines above it. */
  write(lines: string): void {
    this.#terminal.write(this.#shown === '' ? lines : `${CLEAR}${lines}${this.#shown}`);
  }
}

function textOf({ name, percent, etaSeconds }: Work): string {
  const filled = Math.round((percent / 100) * BAR_CELLS);
  const bar = '█'.repeat(filled) + '░'.repeat(BAR_CELLS - filled);
  const eta = etaSeconds === undefined ? '' : `, ${etaSeconds} s left`;
  return `${name} ${bar} ${percent.toFixed(1)} %${eta}`;
}
