/** `LIKE` of SHOW statements: without regard to case, `%` and `_`, a backslash takes a wildcard its meaning. */

/** Whether a text matches a pattern. */
export function isLike(text: string, pattern: string): boolean {
  let source = '';
  for (let i = 0; i < pattern.length; i++) {
    const character = pattern[i] ?? '';
    if (character === '%') source += '.*';
    else if (character === '_') source += '.';
    else if (character === '\\' && i + 1 < pattern.length) source += escaped(pattern[++i] ?? '');
    else source += escaped(character);
  }
  return new RegExp(`^${source}$`, 'isu').test(text);
}

function escaped(character: string): string {
  return /[\\^$.*+?()[\]{}|/]/.test(character) ? `\\${character}` : character;
}
