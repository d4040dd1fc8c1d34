// SPDX-License-Identifier: Apache-2.0

/** Help for whoever types: text and offset in, data out. Editors and the shell share it. */
export { type AssistOptions, type Completion, type CompletionKind, type Completions, complete } from './completion.ts';
export { type HelpTopic, helpNear, helpOn, helpTopics } from './help.ts';
export { type Highlight, type HighlightKind, highlights } from './highlights.ts';
export { type Hover, type HoverOptions, hoverAt, parameterManual } from './hover.ts';
export { type KnownName, type NameKind, namesIn } from './names.ts';
export { type OutlineItem, type OutlineKind, outline } from './outline.ts';
export { type Renamed, rename } from './rename.ts';
export { type SignatureHint, signatureAt } from './signature.ts';
export { type Declared, symbolAt, symbolsOf } from './symbols.ts';
