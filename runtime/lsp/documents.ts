// SPDX-License-Identifier: Apache-2.0

import { readdirSync, readFileSync } from 'node:fs';
import { dirname, isAbsolute, join, normalize } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { TextDocuments } from 'vscode-languageserver/node';
import type { Range } from 'vscode-languageserver-textdocument';
import { TextDocument } from 'vscode-languageserver-textdocument';
import { type Declared, symbolsOf } from '../../lang/assist/index.ts';
import { type ImportReader, type Loaded, load } from '../../lang/imports.ts';
import { SourceFile, type Span } from '../../lang/source.ts';
import { readImport } from '../import-reader.ts';
import { isSystemError } from '../system-error.ts';

/** A text as the editor or, where it is not open, the disk has it. */
export interface Opened {
  readonly uri: string;
  readonly source: SourceFile;
  readonly loaded: Loaded;
  readonly symbols: readonly Declared[];
}

/** Files looked at for uses of a name; a folder of more is no folder of scenarios. */
const mostFiles = 1000;

/** What is open in the editor, parsed as it is asked for and kept until something changes. */
export class Documents {
  readonly #open: TextDocuments<TextDocument>;
  readonly #kept = new Map<string, Opened>();

  constructor(open: TextDocuments<TextDocument>) {
    this.#open = open;
    // Any text may be imported by any other.
    open.onDidChangeContent(() => this.#kept.clear());
    open.onDidClose(() => this.#kept.clear());
  }

  /** Reads what texts import: open ones as they stand in the editor. */
  readonly read: ImportReader = (path, from) => {
    const name = isAbsolute(path) ? normalize(path) : join(dirname(from), path);
    const buffer = this.#open.get(uriOf(name));
    return buffer === undefined ? readImport(path, from) : { ok: true, name, text: buffer.getText() };
  };

  /** The text alone, not parsed. */
  source(uri: string): SourceFile | null {
    const text = this.#open.get(uri)?.getText() ?? onDisk(uri);
    return text === null ? null : new SourceFile(nameOf(uri), text);
  }

  get(uri: string): Opened | null {
    const kept = this.#kept.get(uri);
    if (kept !== undefined) return kept;
    const source = this.source(uri);
    if (source === null) return null;
    const loaded = load(source, this.read);
    const opened = { uri, source, loaded, symbols: symbolsOf(loaded) };
    this.#kept.set(uri, opened);
    return opened;
  }

  /** Open texts and files under the folders that import a file, that file itself first. */
  importing(uri: string, folders: readonly string[]): readonly Opened[] {
    const name = nameOf(uri);
    const others = new Set([...this.#open.keys(), ...folders.flatMap((folder) => scenarioFiles(folder))]);
    others.delete(uri);
    const found = [...others].flatMap((other) => this.get(other) ?? []);
    const own = this.get(uri);
    const importers = found.filter(({ loaded }) => loaded.source.imported.some((one) => one.name === name));
    return own === null ? importers : [own, ...importers];
  }

  /** Open texts that import a file. */
  dependents(uri: string): readonly string[] {
    return this.importing(uri, []).map((opened) => opened.uri);
  }
}

function onDisk(uri: string): string | null {
  const path = nameOf(uri);
  if (!isAbsolute(path)) return null;
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (isSystemError(error)) return null;
    throw error;
  }
}

/** The scenario files under a folder, hidden folders and installed packages left out. */
function scenarioFiles(folder: string): readonly string[] {
  const found: string[] = [];
  const folders = [nameOf(folder)];
  for (let at = 0; at < folders.length && found.length < mostFiles && at < mostFiles; at++) {
    const path = folders[at] as string;
    for (const entry of entriesOf(path)) {
      if (entry.isDirectory() && !entry.name.startsWith('.') && entry.name !== 'node_modules') {
        folders.push(join(path, entry.name));
      } else if (entry.isFile() && entry.name.endsWith('.pg')) found.push(uriOf(join(path, entry.name)));
    }
  }
  return found.slice(0, mostFiles);
}

function entriesOf(path: string) {
  try {
    return readdirSync(path, { withFileTypes: true });
  } catch (error) {
    if (isSystemError(error)) return [];
    throw error;
  }
}

/** The name of a text for diagnostics and imports: a path, or the URI of what is on no disk. */
export function nameOf(uri: string): string {
  if (!uri.startsWith('file:')) return uri;
  try {
    return fileURLToPath(uri);
  } catch {
    // A host, or escaped slashes: no path of this machine.
    return uri;
  }
}

export function uriOf(name: string): string {
  return isAbsolute(name) ? pathToFileURL(name).href : name;
}

/** A span of one file in the protocol's lines and UTF-16 columns, both from 0. */
export function rangeOf(source: SourceFile, span: Span): Range {
  const [start, end] = [source.position(span.start), source.position(span.end)];
  return {
    start: { line: start.line - 1, character: start.column - 1 },
    end: { line: end.line - 1, character: end.column - 1 },
  };
}

/** A span of a whole, as a place in the file that it lies in. */
export function locationOf({ loaded, uri }: Opened, span: Span): { readonly uri: string; readonly range: Range } {
  const { file, span: inner } = loaded.source.locate(span);
  const own = span.start <= loaded.file.span.end;
  return { uri: own ? uri : uriOf(file.name), range: rangeOf(file, inner) };
}

/** The offset of a position; beyond the end of a line it is the line's end. */
export function offsetOf(source: SourceFile, position: Range['start']): number {
  return TextDocument.create('', 'pg', 0, source.text).offsetAt(position);
}
