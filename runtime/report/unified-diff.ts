// SPDX-License-Identifier: Apache-2.0

import { type Edit, editScript } from '../../lang/difference/edit-script.ts';
import type { Palette } from './palette.ts';

/** Lines shown around a change, as diff(1) does. */
const context = 3;

/** The difference of two texts, each under its name, as `diff -u` writes it; '' where there is none. */
export function unifiedDiff(oldName: string, newName: string, before: string, after: string, palette: Palette): string {
  const [old, now] = [linesOf(before), linesOf(after)];
  const edits = editScript(old, now);
  const hunks = hunksOf(edits);
  if (hunks.length === 0) return '';
  let [at, oldLine, newLine] = [0, 0, 0];
  const shown = hunks.flatMap(([from, to]) => {
    // Between hunks everything is kept.
    const [firstOld, firstNew] = [oldLine + from - at, newLine + from - at];
    const hunk = edits.slice(from, to);
    const olds = hunk.filter(({ kind }) => kind !== 'add').length;
    const news = hunk.filter(({ kind }) => kind !== 'remove').length;
    [at, oldLine, newLine] = [to, firstOld + olds, firstNew + news];
    const head = `@@ -${rangeOf(firstOld, olds)} +${rangeOf(firstNew, news)} @@`;
    return [palette.accent(head), ...hunk.map((edit) => lineOf(edit, old, now, palette))];
  });
  return [palette.strong(`--- ${oldName}`), palette.strong(`+++ ${newName}`), ...shown]
    .map((line) => `${line}\n`)
    .join('');
}

/** Lines with their line ends; a last one without says so, as diff(1) does. */
function linesOf(text: string): readonly string[] {
  if (text === '') return [];
  const lines = text.split('\n');
  const last = lines.pop() as string;
  return last === '' ? lines : [...lines, `${last}\n\\ No newline at end of file`];
}

/** `first,count`; a range of no lines is named by the line before it. */
function rangeOf(before: number, count: number): string {
  return count === 1 ? `${before + 1}` : `${count === 0 ? before : before + 1},${count}`;
}

function lineOf(edit: Edit, old: readonly string[], now: readonly string[], palette: Palette): string {
  if (edit.kind === 'keep') return ` ${old[edit.before]}`;
  return edit.kind === 'remove' ? palette.error(`-${old[edit.before]}`) : palette.good(`+${now[edit.after]}`);
}

/** Ranges of edits to show: the changes with the lines around them, joined where they meet. */
function hunksOf(edits: readonly Edit[]): readonly (readonly [number, number])[] {
  const hunks: [number, number][] = [];
  for (const [at, edit] of edits.entries()) {
    if (edit.kind === 'keep') continue;
    const [from, to] = [Math.max(0, at - context), Math.min(edits.length, at + context + 1)];
    const last = hunks.at(-1);
    if (last !== undefined && from <= last[1]) last[1] = to;
    else hunks.push([from, to]);
  }
  return hunks;
}
