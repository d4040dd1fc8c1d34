// SPDX-License-Identifier: Apache-2.0

import { report } from '../diagnostics/catalogue-meaning.ts';
import { failureFrom, type Outcome } from '../diagnostics/failure.ts';
import type { Span } from '../source.ts';

/**
 * The bytes that a string stands for: behind `0x` hexadecimal digits in pairs, blanks between them allowed, otherwise the
 * text in UTF-8. Failure: after `0x` something else, or half a byte.
 *
 * @param path the field as diagnostics name it, `raw.data`
 */
export function byteContent(path: string, text: string, span: Span): Outcome<Uint8Array> {
  if (!text.startsWith('0x')) return { ok: true, value: new TextEncoder().encode(text) };
  const digits = text.slice(2).replaceAll(/[ \t_]/g, '');
  if (!/^([0-9A-Fa-f]{2})*$/.test(digits)) {
    const hints = ['two digits a byte: `"0x00 1f"`; text does not begin with `0x`'];
    return { ok: false, failure: failureFrom(report('PG5018', { field: path }, span, { hints })) };
  }
  return { ok: true, value: Uint8Array.from(digits.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16)) };
}
