// SPDX-License-Identifier: Apache-2.0

import { compile, format, SourceFile, type Span } from '../../lang/index.ts';
import { assertNever } from '../../lang/types.ts';

/** What a script comes to, as statements of the language. `at`: the place in the script. */
export type Item =
  | {
      readonly kind: 'device';
      /** Expressions of the device's name and of its CPU; null for a change of what was added elsewhere. */
      readonly name: string;
      readonly cpu: string | null;
      readonly settings: Setting[];
      readonly comments: readonly string[];
      readonly at: Span;
    }
  | {
      readonly kind: 'for';
      readonly variable: string;
      readonly range: string;
      readonly body: Item[];
      readonly comments: readonly string[];
      readonly at: Span;
    }
  | { readonly kind: 'line'; readonly text: string; readonly comments: readonly string[]; readonly at: Span };

/** A parameter of a device, `values` as they stand behind its name. */
export interface Setting {
  readonly word: string;
  readonly values: string;
  readonly comments: readonly string[];
  readonly at: Span;
}

/** What the language does not take of an item: the place in the script, and why. */
export interface Refused {
  readonly at: Span;
  readonly why: string;
}

export interface Written {
  readonly text: string;
  readonly refused: readonly Refused[];
}

/**
 * The scenario, formatted. What its checker refuses is left out and told, so that what remains is right: nothing here knows
 * the rules a second time.
 */
export function writeScenario(head: Head, items: readonly Item[]): Written {
  const left = new Set<Item | Setting>();
  const refused: Refused[] = [];
  for (;;) {
    const body = render(items, left, '');
    const used = head.parameters.filter(({ name }) => uses(body, name)).map(({ text }) => text);
    const opening = [...head.comments, ...used, ''].map((text): Line => ({ text, owner: null }));
    const lines = [...opening, ...body];
    const source = new SourceFile('scenario.pg', `${lines.map(({ text }) => text).join('\n')}\n`);
    const errors = compile(source).diagnostics.filter(({ severity }) => severity === 'error');
    const before = left.size;
    for (const { span, message } of errors) {
      const owner = lines[source.position(span.start).line - 1]?.owner ?? null;
      if (owner === null || left.has(owner)) continue;
      left.add(owner);
      refused.push({ at: owner.at, why: message });
    }
    if (errors.length === 0) return { text: format(source).text ?? source.text, refused };
    if (left.size === before)
      throw new Error(`no line of the script stands behind ${errors[0]?.code}: ${errors[0]?.message}`);
  }
}

/** What stands before the statements: comments, and the parameters of which those are kept that something uses. */
export interface Head {
  readonly comments: readonly string[];
  readonly parameters: readonly { readonly name: string; readonly text: string }[];
}

function uses(lines: readonly Line[], name: string): boolean {
  const word = new RegExp(`\\b${name}\\b`);
  return lines.some(({ text, owner }) => owner !== null && word.test(text));
}

interface Line {
  readonly text: string;
  /** What goes where the checker refuses this line. */
  readonly owner: Item | Setting | null;
}

function render(items: readonly Item[], left: ReadonlySet<Item | Setting>, indent: string): readonly Line[] {
  return items
    .filter((item) => !left.has(item) && !isEmpty(item, left))
    .flatMap((item, i): readonly Line[] => {
      const apart = i > 0 && indent === '' && (item.kind !== 'line' || item.text === 'start');
      return [...(apart ? [{ text: '', owner: null }] : []), ...renderItem(item)];
    });

  function renderItem(item: Item): readonly Line[] {
    const comments = commentLines(item.comments, indent);
    const inner = `${indent}  `;
    const opened = (text: string, body: readonly Line[]): readonly Line[] => {
      return [...comments, { text: `${indent}${text} {`, owner: item }, ...body, { text: `${indent}}`, owner: item }];
    };
    switch (item.kind) {
      case 'line':
        return [...comments, { text: `${indent}${item.text}`, owner: item }];
      case 'for':
        return opened(`for ${item.variable} in ${item.range}`, render(item.body, left, inner));
      case 'device': {
        const body = settingLines(
          item.settings.filter((setting) => !left.has(setting)),
          inner,
        );
        const [only] = body;
        if (item.cpu === null && body.length === 1 && only !== undefined) {
          return [...comments, { text: `${indent}set ${item.name} ${only.text.trim()}`, owner: only.owner }];
        }
        const verb = item.cpu === null ? `set ${item.name}` : `add_device ${item.name} on cpu ${item.cpu}`;
        return opened(verb, body);
      }
      default:
        return assertNever(item);
    }
  }
}

function isEmpty(item: Item, left: ReadonlySet<Item | Setting>): boolean {
  if (item.kind === 'for') return item.body.every((inner) => left.has(inner) || isEmpty(inner, left));
  if (item.kind === 'device') return item.cpu === null && item.settings.every((setting) => left.has(setting));
  return false;
}

function settingLines(settings: readonly Setting[], indent: string): readonly Line[] {
  return settings.flatMap((setting) => [
    ...commentLines(setting.comments, indent),
    { text: `${indent}${setting.word} ${setting.values}`, owner: setting },
  ]);
}

const commentLines = (comments: readonly string[], indent: string): readonly Line[] =>
  comments.map((text) => ({ text: `${indent}${text}`, owner: null }));
