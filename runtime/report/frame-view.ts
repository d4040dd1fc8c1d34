// SPDX-License-Identifier: Apache-2.0

import { frameChanges } from '../../lang/frame/frame-changes.ts';
import { frameText } from '../../lang/frame/frame-text.ts';
import type { FrameValue } from '../../lang/known-values.ts';
import { foldLine, tableLines } from './fold.ts';
import { none } from './quantities.ts';
import { layoutTable } from './table.ts';

const left = (title: string) => ({ title, align: 'left' as const });

/** Where the fields of a layer begin, behind its name. */
const fieldsAt = 8;

/** A line of the dump: its offset, then its bytes. */
const dumpLine = /^([0-9a-f]{4}) {2}[0-9a-f]{2}/;

/**
 * A frame layer by layer, then its first packet's bytes with marks below those that change, then what changes how, and the
 * next values of each generator.
 *
 * @param columns of the terminal
 */
export function frameView(frame: FrameValue, columns: number, paint: (text: string) => string): readonly string[] {
  // As the text of frames does, interfaces left open: their addresses are zeros here.
  const changes = frameChanges(frame, { pktSize: null, mtu: null, sourceMac: 0, peerMac: 0 }) ?? [];
  const varying = new Set(changes.flatMap(({ offset, bytes }) => Array.from({ length: bytes }, (_, i) => offset + i)));
  const lines: string[] = [];
  for (const line of frameText(frame)) {
    const start = dumpLine.exec(line)?.[1];
    // Fields are pairs of a name and its value, with two blanks between them.
    lines.push(...(start === undefined ? foldLine(line, columns, fieldsAt, '  ') : [line]));
    const marks = start === undefined ? '' : marksBelow(line, Number.parseInt(start, 16), varying);
    if (marks !== '') lines.push(paint(marks));
  }
  if (changes.length === 0) return lines;
  const rows = changes.map(({ name, how, next }) => [name, how, next.length === 0 ? none : `${next.join(', ')}, …`]);
  const table = layoutTable([left('changes'), left('how'), left('next')], rows, (text) => text);
  return [...lines, '', ...tableLines(table, columns, paint)];
}

/** `^^` below each byte that changes. */
function marksBelow(line: string, start: number, varying: ReadonlySet<number>): string {
  let byte = start;
  const marks = line.slice(6).replace(/[0-9a-f]{2}/g, () => (varying.has(byte++) ? '^^' : '  '));
  return marks.trim() === '' ? '' : `      ${marks.trimEnd()}`;
}
