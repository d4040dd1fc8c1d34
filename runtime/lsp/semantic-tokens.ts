// SPDX-License-Identifier: Apache-2.0

import {
  SemanticTokenModifiers,
  type SemanticTokens,
  SemanticTokensBuilder,
  type SemanticTokensLegend,
  SemanticTokenTypes,
} from 'vscode-languageserver/node';
import { type HighlightKind, highlights } from '../../lang/assist/index.ts';
import { type Opened, rangeOf } from './documents.ts';

/** The protocol's own types: themes know no others. */
const types: Readonly<Record<HighlightKind, SemanticTokenTypes>> = {
  keyword: SemanticTokenTypes.keyword,
  comment: SemanticTokenTypes.comment,
  string: SemanticTokenTypes.string,
  number: SemanticTokenTypes.number,
  operator: SemanticTokenTypes.operator,
  layer: SemanticTokenTypes.type,
  builtin: SemanticTokenTypes.function,
  setting: SemanticTokenTypes.property,
  argument: SemanticTokenTypes.parameter,
  member: SemanticTokenTypes.property,
  param: SemanticTokenTypes.variable,
  let: SemanticTokenTypes.variable,
  frame: SemanticTokenTypes.struct,
  loop: SemanticTokenTypes.variable,
  parameter: SemanticTokenTypes.parameter,
  function: SemanticTokenTypes.function,
  import: SemanticTokenTypes.namespace,
  device: SemanticTokenTypes.class,
  receiver: SemanticTokenTypes.class,
  interface: SemanticTokenTypes.interface,
};

const tokenTypes = [...new Set(Object.values(types))];

export const legend: SemanticTokensLegend = { tokenTypes, tokenModifiers: [SemanticTokenModifiers.declaration] };

/** What each piece of a text is, as editors colour it by meaning. */
export function semanticTokens({ source, symbols }: Opened): SemanticTokens {
  const builder = new SemanticTokensBuilder();
  for (const { span, kind, declares } of highlights(source.text, symbols)) {
    const { start } = rangeOf(source, span);
    builder.push(start.line, start.character, span.end - span.start, tokenTypes.indexOf(types[kind]), Number(declares));
  }
  return builder.build();
}
