// SPDX-License-Identifier: Apache-2.0

import { Buffer } from 'node:buffer';
import { createReadStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { SourceFile } from '../lang/source.ts';
import { assertNever } from '../lang/types.ts';
import { report } from './commands/catalogue.ts';
import { type Finding, type Refusal, refusal } from './refusal.ts';
import { isSystemError, reasonOf } from './system-error.ts';

/** Where a script comes from: a file, standard input, or the command line itself (`-e`). */
export type ScriptInput =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'standard input' }
  | { readonly kind: 'statements'; readonly text: string };

export type Script =
  | { readonly ok: true; readonly source: SourceFile }
  | { readonly ok: false; readonly refusal: Refusal }
  | { readonly ok: false; readonly finding: Finding };

/** The greatest script taken, in bytes: far above what people write, far below what makes a compiler crawl. */
export const maxScriptBytes = 16 * 1024 * 1024;

/** The name of an input in diagnostics. */
export function nameOf(input: ScriptInput): string {
  switch (input.kind) {
    case 'file':
      return input.path;
    case 'standard input':
      return '<stdin>';
    case 'statements':
      return '-e';
    default:
      return assertNever(input);
  }
}

/** `-` names standard input. */
export function inputOf(path: string): ScriptInput {
  return path === '-' ? { kind: 'standard input' } : { kind: 'file', path };
}

/** Reads a script. Never more than `maxScriptBytes` of it are held, whatever the file is (a device never ends). */
export async function readScript(input: ScriptInput): Promise<Script> {
  const name = nameOf(input);
  if (input.kind === 'statements') return { ok: true, source: new SourceFile(name, input.text) };
  const stream = input.kind === 'standard input' ? process.stdin : createReadStream(input.path);
  const bytes = await readBounded(stream);
  if (bytes instanceof Error) return { ok: false, refusal: refusal(2, `cannot read ${name}: ${reasonOf(bytes)}`) };
  if (bytes === 'too long') {
    const limit = maxScriptBytes / 1024 / 1024;
    return { ok: false, refusal: refusal(2, `${name} is longer than ${limit} MiB, the most that a script may be`) };
  }
  return decodeScript(name, bytes);
}

async function readBounded(stream: Readable): Promise<Buffer | 'too long' | NodeJS.ErrnoException> {
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      length += chunk.length;
      if (length > maxScriptBytes) return 'too long';
      chunks.push(chunk);
    }
  } catch (error) {
    if (isSystemError(error)) return error;
    throw error;
  }
  return Buffer.concat(chunks);
}

/** Bytes as a script, which must be UTF-8. */
export function decodeScript(name: string, bytes: Buffer): Script {
  try {
    return { ok: true, source: new SourceFile(name, new TextDecoder('utf-8', { fatal: true }).decode(bytes)) };
  } catch {
    const before = validPrefix(bytes);
    // The text ends with the replacement character: what follows an undecodable byte is seldom worth showing.
    const source = new SourceFile(name, `${before.text}\ufffd`);
    const span = { start: before.text.length, end: before.text.length + 1 };
    const found = bytes[before.bytes]?.toString(16).padStart(2, '0') ?? '';
    const diagnostic = report('PG7001', { byte: found }, span, {
      hints: ['save the file as UTF-8'],
    });
    return { ok: false, finding: { source, diagnostics: [diagnostic] } };
  }
}

const byteOrderMark = Buffer.from([0xef, 0xbb, 0xbf]);

/** The longest beginning that is whole UTF-8 characters, found by halving. */
function validPrefix(bytes: Buffer): { readonly text: string; readonly bytes: number } {
  const decodes = (length: number): string | null => {
    try {
      return new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(0, length), { stream: true });
    } catch {
      return null;
    }
  };
  let valid = 0;
  let invalid = bytes.length + 1;
  while (invalid - valid > 1) {
    const middle = (valid + invalid) >> 1;
    if (middle <= bytes.length && decodes(middle) !== null) valid = middle;
    else invalid = middle;
  }
  const text = decodes(valid) ?? '';
  return { text, bytes: Buffer.byteLength(text) + (bytes.subarray(0, 3).equals(byteOrderMark) ? 3 : 0) };
}
