// SPDX-License-Identifier: Apache-2.0

import * as assert from 'uvu/assert';
import { load } from '../../lang/imports.ts';
import { compile, type Diagnostic, format, type ImportReader, parse, renderAll, SourceFile } from '../../lang/index.ts';
import { lex, spanOf } from '../../lang/syntax/lexer.ts';
import { parseSound, parseWhole } from '../../lang/syntax/parser.ts';
import { readCorpus } from './importing.ts';
import { assertReadAsRuled } from './readings.ts';

/** An input may keep the language busy for so long, in milliseconds. */
export const longestMs = 1000;

const source = (text: string) => new SourceFile('fuzz.pg', text);

/** What must hold of the language for every text whatever. @throws where it does not */
export function assertLanguageLaws(text: string): void {
  assertTokens(text);
  assertReadAsRuled(text);
  assertReadInPieces(text);
  assertImported(text);
  const parsed = parse(source(text));
  assertPlaced(parsed.diagnostics, text);
  const wrong = isWrong(parsed.diagnostics);

  const compiled = compile(source(text), readCorpus);
  assertPlaced(compiled.diagnostics, compiled.source.text);
  assert.is(compiled.program === null, isWrong(compiled.diagnostics), 'a program exactly where nothing is wrong');
  assertPlain(compiled.program, 'program');
  if (wrong) assert.is(compiled.program, null, 'no program of a text that cannot be read');

  const rendered = renderAll(compiled.diagnostics, compiled.source);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: those are what a terminal would obey.
  assert.not.match(rendered, /[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e]/, 'nothing that a terminal obeys');

  const formatted = format(source(text));
  assert.is(formatted.text === null, isWrong(formatted.diagnostics), 'a form exactly where nothing speaks against it');
  if (wrong) assert.is(formatted.text, null, 'no form of a text that cannot be read');
  if (formatted.text !== null) assertFormed(text, parsed.file, formatted.text);
}

const isWrong = (diagnostics: readonly Diagnostic[]) => diagnostics.some(({ severity }) => severity === 'error');

/** Tokens lie one behind another and say what stands there. */
function assertTokens(text: string): void {
  let end = 0;
  for (const token of lex(text).tokens) {
    const span = spanOf(token);
    assert.ok(span.start >= end, 'tokens overlap');
    assert.is(text.slice(span.start, span.end), token.image, 'a token says what stands there');
    end = span.end;
  }
}

/** Inside the text, in its order. */
function assertPlaced(diagnostics: readonly Diagnostic[], text: string): void {
  let before = 0;
  for (const { code, message, span, labels } of diagnostics) {
    assert.ok(message.length > 0 && span.start >= before, `${code} in source order`);
    before = span.start;
    for (const { start, end } of [span, ...labels.map((label) => label.span)]) {
      assert.ok(start >= 0 && start <= end && end <= text.length, `${code} at ${start} to ${end} of ${text.length}`);
    }
  }
}

/** A text without mistakes is read in pieces, as small as can be, as it is as a whole; of others the pieces say nothing. */
export function assertReadInPieces(text: string): void {
  const whole = parseWhole(source(text));
  const sound = whole.diagnostics.length === 0 && !whole.incomplete;
  assert.equal(parseSound(text, 1), sound ? whole : null, text);
}

/** An imported text is read as it would be there where it stands in the whole, every place in it included. */
function assertImported(text: string): void {
  const main = 'import "a" as a';
  const read: ImportReader = (path) =>
    path === 'a' ? { ok: true, name: 'a', text } : { ok: false, reason: 'another file' };
  const imported = [...load(source(main), read).modules.values()].find((module) => module?.name === 'a');
  const there = parse(source(`${' '.repeat(main.length)}\n${text}`));
  assert.equal(imported?.file.statements, there.file.statements, 'an import is read in its place');
}

/** Data that is the same after a way through JSON. */
function assertPlain(data: unknown, path: string): void {
  if (data === null || typeof data === 'string' || typeof data === 'boolean') return;
  if (typeof data === 'number') {
    assert.ok(Number.isFinite(data) && !Object.is(data, -0), `${path} is ${data}`);
    return;
  }
  if (typeof data !== 'object') assert.unreachable(`${path} is of type ${typeof data}`);
  const prototype = Object.getPrototypeOf(data);
  assert.ok(prototype === Object.prototype || prototype === Array.prototype, `${path} is plain`);
  for (const [key, value] of Object.entries(data as object)) assertPlain(value, `${path}.${key}`);
}

/** The form means what the text means, keeps its comments, and has itself as its form. */
function assertFormed(text: string, file: object, formed: string): void {
  const tree = (of: object) => JSON.stringify(of, withoutPlaces);
  assert.is(tree(parse(source(formed)).file), tree(file), 'the form means the same');
  assert.is(format(source(formed)).text, formed, 'the form is its own form');
  const comments = (of: string) => lex(of).comments.map(({ image }) => image.trimEnd());
  assert.equal(comments(formed), comments(text), 'comments are kept');
}

const withoutPlaces = (key: string, value: unknown) => (key === 'span' || key === 'operatorStart' ? undefined : value);
