// SPDX-License-Identifier: Apache-2.0

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { pathToFileURL } from 'node:url';
import {
  createProtocolConnection,
  type Diagnostic,
  type InitializeResult,
  type ProtocolConnection,
  type PublishDiagnosticsParams,
  type ServerCapabilities,
  StreamMessageReader,
  StreamMessageWriter,
} from 'vscode-languageserver/node';
import { commandWords } from '../cli/pktsh.ts';

/** What takes longer hangs. */
const deadlineMs = 60_000;

/** A client of `pktsh lsp`, as editors are one: Microsoft's own end of the protocol over the process's streams. */
export interface Client {
  readonly connection: ProtocolConnection;
  /** What the server said that it can do. */
  readonly capabilities: ServerCapabilities;
  open(uri: string, text: string): Promise<void>;
  /** The diagnostics that the server publishes of a version of a text, as soon as it does. */
  diagnostics(uri: string, version: number): Promise<readonly Diagnostic[]>;
  /** Ends the server as editors do; gives its exit status. */
  close(): Promise<number | null>;
}

/**
 * Starts a server and introduces itself.
 *
 * @param folder the editor's only workspace folder; null for none
 * @param command what starts the server, in words
 */
export async function connect(
  folder: string | null,
  command: readonly string[] = [...commandWords(), 'lsp', '--stdio'],
): Promise<Client> {
  const [program = '', ...words] = command;
  const child = spawn(program, words, {
    stdio: ['pipe', 'pipe', 'inherit'],
    timeout: deadlineMs,
  });
  const exited = once(child, 'exit');
  const connection = createProtocolConnection(
    new StreamMessageReader(child.stdout),
    new StreamMessageWriter(child.stdin),
  );
  const published = new Map<string, PublishDiagnosticsParams>();
  const waiting = new Set<() => void>();
  connection.onNotification('textDocument/publishDiagnostics', (params: PublishDiagnosticsParams) => {
    published.set(params.uri, params);
    for (const look of [...waiting]) look();
  });
  connection.listen();
  const folders = folder === null ? null : [{ uri: pathToFileURL(folder).href, name: 'work' }];
  const { capabilities } = await connection.sendRequest<InitializeResult>('initialize', {
    processId: process.pid,
    rootUri: null,
    capabilities: {},
    workspaceFolders: folders,
  });
  await connection.sendNotification('initialized', {});
  return {
    connection,
    capabilities,
    open: (uri, text) =>
      connection.sendNotification('textDocument/didOpen', {
        textDocument: { uri, languageId: 'pktsh', version: 1, text },
      }),
    diagnostics: (uri, version) =>
      new Promise((settle, fail) => {
        const late = setTimeout(() => fail(new Error(`no diagnostics of ${uri} version ${version}`)), deadlineMs);
        const look = () => {
          const params = published.get(uri);
          if (params === undefined || (params.version ?? 0) < version) return;
          waiting.delete(look);
          clearTimeout(late);
          settle(params.diagnostics);
        };
        waiting.add(look);
        look();
      }),
    close: async () => {
      await connection.sendRequest('shutdown');
      await connection.sendNotification('exit');
      const [status] = await exited;
      connection.dispose();
      return status as number | null;
    },
  };
}
