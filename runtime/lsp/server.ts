// SPDX-License-Identifier: Apache-2.0

import {
  type CancellationToken,
  CodeActionKind,
  type Connection,
  createConnection,
  LSPErrorCodes,
  MarkupKind,
  type Range,
  ResponseError,
  TextDocumentSyncKind,
  TextDocuments,
  type TextEdit,
} from 'vscode-languageserver/node';
import { TextDocument } from 'vscode-languageserver-textdocument';
import { type Declared, hoverAt, rename, signatureAt, symbolAt } from '../../lang/assist/index.ts';
import { format } from '../../lang/index.ts';
import type { Span } from '../../lang/source.ts';
import { macOf } from '../lab/mac.ts';
import { version } from '../version.ts';
import { Documents, locationOf, type Opened, offsetOf, rangeOf } from './documents.ts';
import { codeActions, completionItems, diagnosticsOf, documentSymbols, editBetween } from './features.ts';
import { legend, semanticTokens } from './semantic-tokens.ts';

/** How long nothing must be typed before a text is checked: the check of a long one takes as long as some letters. */
const quietMs = 80;

interface At {
  readonly textDocument: { readonly uri: string };
  readonly position: Range['start'];
}

/**
 * Serves the language over the streams of a client, until the client leaves; the protocol's library then ends the process.
 * A request that meets a defect of ours is answered with an error and logged to the client; the server goes on.
 */
export function serve(input: NodeJS.ReadableStream, output: NodeJS.WritableStream): void {
  const connection = createConnection(input, output);
  const texts = new TextDocuments(TextDocument);
  const documents = new Documents(texts);
  let folders: readonly string[] = [];

  connection.onInitialize(({ workspaceFolders }) => {
    folders = workspaceFolders?.map(({ uri }) => uri) ?? [];
    return {
      serverInfo: { name: 'pktsh', version },
      capabilities: {
        positionEncoding: 'utf-16',
        textDocumentSync: TextDocumentSyncKind.Incremental,
        completionProvider: { triggerCharacters: ['.', '@', '"', '/'] },
        hoverProvider: true,
        signatureHelpProvider: { triggerCharacters: ['(', ','] },
        definitionProvider: true,
        referencesProvider: true,
        renameProvider: { prepareProvider: true },
        documentSymbolProvider: true,
        documentFormattingProvider: true,
        semanticTokensProvider: { legend, full: true },
        codeActionProvider: { codeActionKinds: [CodeActionKind.QuickFix] },
      },
    };
  });

  publishWhenQuiet(connection, texts, documents);

  /** An answer about a place in a text; null for a text that is not there. */
  const at =
    <A>(answer: (opened: Opened, offset: number) => A) =>
    ({ textDocument, position }: At): A | null => {
      const opened = documents.get(textDocument.uri);
      return opened === null ? null : answer(opened, offsetOf(opened.source, position));
    };

  connection.onCompletion(
    answering(({ textDocument, position }) => {
      // Not by `documents.get`, which parses: letters come faster than that.
      const source = documents.source(textDocument.uri);
      return source === null ? [] : [...completionItems(source, offsetOf(source, position), documents.read)];
    }),
  );

  connection.onHover(
    answering(
      at((opened, offset) => {
        const { source, loaded } = opened;
        const found = hoverAt(loaded, offset, { read: documents.read, file: source.name, macOf });
        if (found === null) return null;
        const contents = { kind: MarkupKind.Markdown, value: found.markdown };
        return { contents, range: rangeOf(source, found.span) };
      }),
    ),
  );

  connection.onSignatureHelp(
    answering(({ textDocument, position }) => {
      const source = documents.source(textDocument.uri);
      if (source === null) return null;
      const hint = signatureAt(source.text, offsetOf(source, position), { read: documents.read, file: source.name });
      if (hint === null) return null;
      const { label, parameters, help, active } = hint;
      const documentation = { kind: MarkupKind.Markdown, value: help };
      const signature = { label, documentation, parameters: parameters.map((parameter) => ({ label: parameter })) };
      // An index behind the last parameter marks none.
      return { signatures: [signature], activeSignature: 0, activeParameter: active ?? parameters.length };
    }),
  );

  connection.onDefinition(
    answering(
      at((opened, offset) => {
        const declaration = symbolAt(opened.symbols, offset)?.declaration ?? null;
        return declaration === null ? null : locationOf(opened, declaration);
      }),
    ),
  );

  connection.onReferences(
    answering((params) =>
      at((opened, offset) => {
        const symbol = symbolAt(opened.symbols, offset);
        if (symbol === null) return null;
        const { includeDeclaration } = params.context;
        const places = everywhere(documents, folders, opened, symbol).flatMap(([where, one]) => {
          const wanted = one.occurrences.filter((span) => includeDeclaration || span !== one.declaration);
          return wanted.map((span) => locationOf(where, span));
        });
        return distinct(places);
      })(params),
    ),
  );

  connection.onPrepareRename(
    answering(
      at((opened, offset) => {
        const symbol = symbolAt(opened.symbols, offset);
        const place = symbol?.occurrences.find(({ start, end }) => start <= offset && offset <= end);
        if (symbol === null || place === undefined) return null;
        if (symbol.fixed !== null) throw refused(`\`${symbol.name}\` cannot be renamed: ${symbol.fixed}`);
        return { range: rangeOf(opened.source, place), placeholder: symbol.name };
      }),
    ),
  );

  connection.onRenameRequest(
    answering((params) =>
      at((opened, offset) => {
        const symbol = symbolAt(opened.symbols, offset);
        if (symbol === null) throw refused('there is no name here');
        const changes: Record<string, TextEdit[]> = {};
        for (const [where, one] of everywhere(documents, folders, opened, symbol)) {
          const result = rename(where.symbols, one, params.newName);
          if (!result.ok) throw refused(result.reason);
          for (const { span, text } of result.edits) {
            const { uri, range } = locationOf(where, span);
            changes[uri] ??= [];
            changes[uri].push({ range, newText: text });
          }
        }
        for (const [uri, edits] of Object.entries(changes)) changes[uri] = distinct(edits);
        return { changes };
      })(params),
    ),
  );

  connection.onDocumentSymbol(
    answering(({ textDocument }) => {
      const opened = documents.get(textDocument.uri);
      return opened === null ? [] : documentSymbols(opened.source);
    }),
  );

  connection.languages.semanticTokens.on(
    answering(({ textDocument }) => {
      const opened = documents.get(textDocument.uri);
      return opened === null ? { data: [] } : semanticTokens(opened);
    }),
  );

  connection.onDocumentFormatting(
    answering(({ textDocument }) => {
      const opened = documents.get(textDocument.uri);
      const text = opened === null ? null : format(opened.source).text;
      // A text with a syntax error stays as it is: the mistake is shown already.
      return opened === null || text === null ? [] : [...editBetween(opened.source, text)];
    }),
  );

  connection.onCodeAction(
    answering(({ textDocument, range }) => {
      const opened = documents.get(textDocument.uri);
      return opened === null ? [] : [...codeActions(opened, range, documents.read)];
    }),
  );

  texts.listen(connection);
  connection.listen();
}

const refused = (reason: string) => new ResponseError<void>(LSPErrorCodes.RequestFailed, reason);

/** Answers a request, unless it is cancelled before its turn: a client that types on takes its old questions back. */
function answering<P, A>(
  answer: (params: P) => A,
): (params: P, token: CancellationToken) => Promise<A | ResponseError<void>> {
  return async (params, token) => {
    // A cancellation that has arrived already is handled now.
    await new Promise((resolve) => setImmediate(resolve));
    if (token.isCancellationRequested) return new ResponseError(LSPErrorCodes.RequestCancelled, 'cancelled');
    return answer(params);
  };
}

/** Where a name of a file is used: in the file, and for what other files can import also in those. */
function everywhere(
  documents: Documents,
  folders: readonly string[],
  opened: Opened,
  symbol: Declared,
): readonly (readonly [Opened, Declared])[] {
  const { declaration } = symbol;
  if (declaration === null || !['let', 'frame', 'function'].includes(symbol.kind)) return [[opened, symbol]];
  const home = locationOf(opened, declaration);
  const roots = [opened, ...documents.importing(home.uri, folders).filter(({ uri }) => uri !== opened.uri)];
  return roots.flatMap((root) => {
    const same = root.symbols.find((one) => one.declaration !== null && samePlace(root, one.declaration, home));
    return same === undefined ? [] : [[root, same] as const];
  });
}

function samePlace(opened: Opened, span: Span, home: { readonly uri: string; readonly range: Range }): boolean {
  const { uri, range } = locationOf(opened, span);
  return (
    uri === home.uri &&
    range.start.line === home.range.start.line &&
    range.start.character === home.range.start.character
  );
}

/** Two files that import a third both name its places. */
function distinct<P extends { readonly range: Range; readonly uri?: string }>(places: readonly P[]): P[] {
  const seen = new Set<string>();
  return places.filter(({ uri, range }) => {
    const key = `${uri} ${range.start.line} ${range.start.character}`;
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}

/** Checks texts once nobody types any more, and with a text those that import it. */
function publishWhenQuiet(connection: Connection, texts: TextDocuments<TextDocument>, documents: Documents): void {
  const waiting = new Map<string, NodeJS.Timeout>();
  const publish = (uri: string) => {
    waiting.delete(uri);
    const opened = texts.get(uri) === undefined ? null : documents.get(uri);
    if (opened === null) return;
    const diagnostics = [...diagnosticsOf(opened, documents.read)];
    void connection.sendDiagnostics({ uri, version: texts.get(uri)?.version ?? 0, diagnostics });
  };
  const soon = (uri: string) => {
    clearTimeout(waiting.get(uri));
    waiting.set(
      uri,
      setTimeout(() => {
        for (const one of new Set([uri, ...documents.dependents(uri)])) publish(one);
      }, quietMs),
    );
  };
  texts.onDidChangeContent(({ document }) => soon(document.uri));
  texts.onDidClose(({ document: { uri } }) => {
    clearTimeout(waiting.get(uri));
    waiting.delete(uri);
    void connection.sendDiagnostics({ uri, diagnostics: [] });
  });
}
