import { expect } from 'chai';
import { ProgressLine } from '../../../src/observe/progress-line.js';

/** What a terminal shows after some writing: it knows returns, line feeds and clearing to the end of the line. */
class Screen {
  readonly columns: number;
  #text = '';

  constructor(columns = 100) {
    this.columns = columns;
  }

  write(text: string): void {
    this.#text += text;
  }

  /** A line is what was written to it after the last clearing. */
  get lines(): readonly string[] {
    return this.#text.split('\n').map((line) => line.split('\r\u001b[K').at(-1) ?? '');
  }
}

describe('observe/ProgressLine', () => {
  const half = { name: 'shop.v', percent: 50, etaSeconds: 7 };

  it('shows work under way below what is written meanwhile', () => {
    const screen = new Screen();
    const line = new ProgressLine(screen);
    line.write('one\n');
    line.show([half]);
    line.write('two\n');
    line.show([{ ...half, percent: 75, etaSeconds: undefined }]);
    expect(screen.lines).deep.equal(['one', 'two', `shop.v ${'█'.repeat(18)}${'░'.repeat(6)} 75.0 %`]);
    line.show([]);
    line.write('three\n');
    expect(screen.lines).deep.equal(['one', 'two', 'three', '']);
  });

  it('never fills the last column, where a terminal would begin another line', () => {
    const screen = new Screen(20);
    new ProgressLine(screen).show([half, half]);
    expect(screen.lines.at(-1)?.length).equal(19);
  });

  it('writes nothing when nothing has changed', () => {
    let writes = 0;
    const line = new ProgressLine({ columns: 80, write: () => writes++ });
    line.show([]);
    line.show([half]);
    line.show([{ ...half }]);
    expect(writes).equal(1);
  });
});
