import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as ts from 'typescript';

const SOURCES = __dirname;

/** Attributes whose text a person reads or hears. */
const READ = ['alt', 'aria-label', 'label', 'placeholder', 'sentence', 'hint', 'title'];

/** What is the same in every language: names of files and units. */
const SAME = ['README.md'];

function views(): string[] {
  return readdirSync(SOURCES, { recursive: true, encoding: 'utf-8' }).filter(
    path => path.endsWith('.tsx') && !path.endsWith('.spec.tsx')
  );
}

/** Words that stand in a view as they are, each with its place. */
function literals(path: string): string[] {
  const file = ts.createSourceFile(
    path,
    readFileSync(join(SOURCES, path), 'utf-8'),
    ts.ScriptTarget.Latest,
    true,
    ts.ScriptKind.TSX
  );
  const found: string[] = [];
  const note = (node: ts.Node, text: string): void => {
    if (/\p{L}{2}/u.test(text) && !SAME.includes(text)) {
      const { line } = file.getLineAndCharacterOfPosition(node.getStart());
      found.push(`${path}:${line + 1} ${text.trim()}`);
    }
  };
  const visit = (node: ts.Node): void => {
    if (ts.isJsxText(node)) {
      note(node, node.text);
    } else if (ts.isJsxExpression(node) && node.expression && !ts.isJsxAttribute(node.parent)) {
      raw(node.expression);
    } else if (ts.isJsxAttribute(node) && READ.includes(node.name.getText())) {
      const value = node.initializer;
      if (value) {
        raw(ts.isJsxExpression(value) ? value.expression : value);
      }
    }
    ts.forEachChild(node, visit);
  };
  /** Texts that an expression can be, through conditions and templates. */
  const raw = (node: ts.Expression | undefined): void => {
    if (!node) {
      return;
    }
    if (ts.isStringLiteralLike(node)) {
      note(node, node.text);
    } else if (ts.isTemplateExpression(node)) {
      note(node, [node.head.text, ...node.templateSpans.map(span => span.literal.text)].join(' '));
    } else if (ts.isConditionalExpression(node)) {
      raw(node.whenTrue);
      raw(node.whenFalse);
    } else if (ts.isBinaryExpression(node)) {
      raw(node.right);
    } else if (ts.isParenthesizedExpression(node)) {
      raw(node.expression);
    }
  };
  visit(file);
  return found;
}

describe('Views', () => {
  it('are found', () => {
    expect(views().length).toBeGreaterThan(5);
  });

  it.each(views())('show words only through the translator: %s', path => {
    expect(literals(path)).toEqual([]);
  });
});
