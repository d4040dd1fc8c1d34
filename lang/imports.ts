// SPDX-License-Identifier: Apache-2.0

import { report } from './diagnostics/catalogue-meaning.ts';
import type { Diagnostic } from './diagnostics/diagnostic.ts';
import { type ImportedText, SourceFile, type Span } from './source.ts';
import type { File, ImportStatement } from './syntax/ast.ts';
import { parse } from './syntax/parser.ts';

/** A text that an `import` names, or why there is none. The same file has the same name, however it is reached. */
export type Imported =
  | { readonly ok: true; readonly name: string; readonly text: string }
  | { readonly ok: false; readonly reason: string };

/** Reads what an `import` names: `path` as written, `from` the name of the file that it stands in. */
export type ImportReader = (path: string, from: string) => Imported;

/** Files that a file imports, with those that they import, each counted once. */
export const maxImports = 1000;
/** How far an import may be from the file: importing goes as deep on the stack. */
export const maxImportDepth = 100;

/** For texts that have no place of their own. */
export const noImports: ImportReader = () => ({ ok: false, reason: 'there are no files here' });

/** An imported file, with its spans in the text of the whole. */
export interface Module {
  readonly name: string;
  readonly file: File;
}

export interface Loaded {
  /** The file with all that it imports. */
  readonly source: SourceFile;
  readonly file: File;
  /** What each `import` gives, those of imported files too; null where it gives nothing, which was reported. */
  readonly modules: ReadonlyMap<ImportStatement, Module | null>;
  /** Of the syntax, of all files. */
  readonly diagnostics: readonly Diagnostic[];
  /** Where the texts could not be read, of all files. */
  readonly unread: readonly Span[];
}

/** Parses a file and whatever it imports. Each file is read once; one that comes back to itself is a mistake. */
export function load(source: SourceFile, read: ImportReader): Loaded {
  const parsed = parse(source);
  const loader = new Loader(source.text.length, read);
  loader.follow(parsed.file, [source.name]);
  const imported = loader.texts;
  return {
    source: imported.length === 0 ? source : new SourceFile(source.name, source.text, imported),
    file: parsed.file,
    modules: loader.modules,
    diagnostics: [...parsed.diagnostics, ...loader.diagnostics],
    unread: [...parsed.unread, ...loader.unread],
  };
}

/** What was entered behind a text. */
export interface LoadedEntry extends Loaded {
  /** Whether nothing is wrong but that it ends too early. */
  readonly incomplete: boolean;
}

/** As `load`, for a text that goes on where others end: `before` has none of its own, and each entry is one of its parts. */
export function loadBehind(before: SourceFile, entry: ImportedText, read: ImportReader): LoadedEntry {
  const parsed = parse(new SourceFile(entry.name, entry.text));
  // A line end stands between two texts of the whole.
  const base = before.text.length + 1;
  const loader = new Loader(base + entry.text.length, read);
  const file = moved(parsed.file, base);
  loader.follow(file, [entry.name]);
  return {
    source: new SourceFile(before.name, '', [...before.imported, entry, ...loader.texts]),
    file,
    modules: loader.modules,
    diagnostics: [...moved(parsed.diagnostics, base), ...loader.diagnostics],
    unread: [...moved(parsed.unread, base), ...loader.unread],
    incomplete: parsed.incomplete,
  };
}

class Loader {
  readonly modules = new Map<ImportStatement, Module | null>();
  readonly diagnostics: Diagnostic[] = [];
  readonly unread: Span[] = [];
  readonly texts: ImportedText[] = [];
  readonly #read: ImportReader;
  readonly #byName = new Map<string, Module>();
  #end: number;

  /** @param end where the texts so far end */
  constructor(end: number, read: ImportReader) {
    this.#read = read;
    this.#end = end;
  }

  #excess(depth: number): { readonly what: string; readonly limit: number } | null {
    if (depth > maxImportDepth) return { what: 'the depth of imports', limit: maxImportDepth };
    return this.texts.length >= maxImports ? { what: 'the number of imported files', limit: maxImports } : null;
  }

  /** @param path the files on the way here, the innermost last */
  follow(file: File, path: readonly string[]): void {
    for (const statement of file.statements) {
      if (statement.kind === 'import') this.modules.set(statement, this.#module(statement, path));
    }
  }

  #module(statement: ImportStatement, path: readonly string[]): Module | null {
    const { parts, span } = statement.path;
    if (!parts.every((part) => typeof part === 'string')) {
      const lost = parts.some((part) => typeof part !== 'string' && part.kind === 'error');
      if (!lost) this.diagnostics.push(report('PG3108', { subject: 'the path of an `import`' }, span));
      return null;
    }
    const read = this.#read(parts.join(''), path.at(-1) ?? '');
    if (!read.ok) {
      this.diagnostics.push(report('PG3201', { path: parts.join(''), reason: read.reason }, span));
      return null;
    }
    const { name, text } = read;
    if (path.includes(name)) {
      const hints = [[...path.slice(path.indexOf(name)), name].join(' imports ')];
      this.diagnostics.push(report('PG3202', { name }, span, { hints }));
      return null;
    }
    const known = this.#byName.get(name);
    if (known !== undefined) return known;
    const excess = this.#excess(path.length);
    if (excess !== null) {
      this.diagnostics.push(report('PG3205', excess, span));
      return null;
    }
    // A line end stands between two files of the whole.
    const base = this.#end + 1;
    this.#end = base + text.length;
    this.texts.push({ name, text });
    const parsed = parse(new SourceFile(name, text));
    const module: Module = { name, file: moved(parsed.file, base) };
    this.#byName.set(name, module);
    for (const diagnostic of parsed.diagnostics) this.diagnostics.push(moved(diagnostic, base));
    for (const span of moved(parsed.unread, base)) this.unread.push(span);
    this.follow(module.file, [...path, name]);
    return module;
  }
}

/** A tree or diagnostic with its spans further on in the text. */
function moved<T>(node: T, by: number): T {
  if (Array.isArray(node)) return node.map((item) => moved(item, by)) as T;
  if (typeof node !== 'object' || node === null) return node;
  const entries = Object.entries(node).map(([key, value]) => {
    return [key, typeof value === 'number' && offsets.has(key) ? value + by : moved(value, by)];
  });
  return Object.fromEntries(entries) as T;
}

/** What places are called, in spans and in nodes. */
const offsets: ReadonlySet<string> = new Set(['start', 'end', 'operatorStart']);
