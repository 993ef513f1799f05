// No log line of the rooms that see statements says what an error quotes: its message goes through base/sensitive.ts.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import ts from 'typescript';

const src = join(import.meta.dirname, '../../../src');
const LEVELS = new Set(['debug', 'info', 'warn', 'error']);

/** Calls of a log in a file, as text. */
function logCalls(file: string): string[] {
  const source = ts.createSourceFile(
    file,
    readFileSync(join(src, file), 'utf8'),
    ts.ScriptTarget.ES2023,
    true,
  );
  const calls: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && ts.isPropertyAccessExpression(node.expression)) {
      const { name, expression } = node.expression;
      if (LEVELS.has(name.text) && /\blog$/i.test(expression.getText())) calls.push(node.getText());
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return calls;
}

const calls = ['proxy', 'wire', 'view', 'sql', 'plan', 'cli'].flatMap((room) =>
  readdirSync(join(src, room), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .flatMap((file) => logCalls(join(room, file)).map((call) => `${join(room, file)}: ${call}`)),
);

describe('log lines', () => {
  it('are found', () => {
    expect(calls.length).to.be.greaterThan(25);
  });

  it('tell of errors without what they quote', () => {
    const raw = calls.filter((call) => /messageOf\(|String\(|[.](message|stack|sqlMessage|sql)\b/.test(call));
    expect(raw.filter((call) => !call.includes("log.error('listening failed'"))).to.deep.equal([]);
  });

  it('name no statement and no password', () => {
    const fields = /\b(text|statement|password|authData|response|payload)\b\s*[,:}]/;
    expect(calls.filter((call) => fields.test(call))).to.deep.equal([]);
  });
});
