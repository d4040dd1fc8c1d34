// SPDX-License-Identifier: Apache-2.0

/** What stands behind a backslash in a string, and what it means. */
const escapes: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', '"': '"', '\\': '\\', $: '$' };

/** The escapes as the language spells them, for hints. */
export const escapeSpellings: readonly string[] = Object.keys(escapes).map((letter) => `\\${letter}`);

/** Whether a backslash and the character behind it are an escape. */
export function isEscape(pair: string): boolean {
  return Object.hasOwn(escapes, pair.slice(1));
}

/** The text that a piece of a string stands for; unknown escapes stay as written. */
export function decodeEscapes(raw: string): string {
  return raw.replace(/\\(.)/gs, (pair, letter: string) => (isEscape(pair) ? (escapes[letter] as string) : pair));
}
