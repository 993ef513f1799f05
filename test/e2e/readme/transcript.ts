/**
 * What README.md shows as typed and as answered: its `console` blocks. A line after `$ ` is a shell's; a line after
 * another prompt is typed into the program that the shell's last command started, also in later blocks; anything else
 * is what came back.
 */

/** A command of the shell and the output shown for it. */
export interface ShellCommand {
  readonly kind: 'shell';
  readonly command: string;
  readonly output: string;
}

/** A part of a session in a program: its lines as they look on the terminal, and what was typed. */
export interface Dialogue {
  readonly kind: 'dialogue';
  readonly typed: readonly string[];
  readonly screen: string;
}

const SHELL = '$ ';
const PROMPT = /^(MySQL \[[^\]]*\]> | {4}-> |>>> |\.\.\. )(.*)$/;

/** The blocks of a text in Markdown, in order. */
export function transcriptOf(markdown: string): (ShellCommand | Dialogue)[] {
  return [...markdown.matchAll(/^```console\n([^]*?)^```$/gm)].flatMap(([, block = '']) => partsOf(block));
}

function partsOf(block: string): (ShellCommand | Dialogue)[] {
  const parts: (ShellCommand | Dialogue)[] = [];
  const lines = block.trimEnd().split('\n');
  for (let at = 0; at < lines.length;) {
    const isShell = lines[at]?.startsWith(SHELL) === true;
    let end = at + 1;
    while (end < lines.length && !startsPart(lines[end] ?? '', isShell)) end++;
    const text = lines.slice(at, end);
    parts.push(isShell ? shellCommand(text) : dialogue(text));
    at = end;
  }
  return parts;
}

function startsPart(line: string, isInShell: boolean): boolean {
  return line.startsWith(SHELL) || (isInShell && PROMPT.test(line));
}

function shellCommand([first = '', ...output]: readonly string[]): ShellCommand {
  return { kind: 'shell', command: first.slice(SHELL.length), output: output.join('\n') };
}

function dialogue(lines: readonly string[]): Dialogue {
  const typed = lines.flatMap((line) => {
    const [, , text] = PROMPT.exec(line) ?? [];
    return text === undefined ? [] : [text];
  });
  return { kind: 'dialogue', typed, screen: lines.join('\n') };
}
