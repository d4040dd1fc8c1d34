// SPDX-License-Identifier: Apache-2.0
//
// The extension for VS Code, started as VS Code does, with the two modules that it is given there played by this file.

import { chmodSync } from 'node:fs';
import Module, { createRequire } from 'node:module';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { commandWords, makeFiles, removeFiles } from '../cli/pktsh.ts';
import { root } from '../requirements.ts';
import { type Client, connect } from './client.ts';

const test = suite('VS Code extension');

interface Loader {
  _load: (request: string, ...more: unknown[]) => unknown;
}
interface Extension {
  readonly activate: () => Promise<void>;
  readonly deactivate: () => Promise<void> | undefined;
}
interface ServerOptions {
  readonly command: string;
  readonly args: readonly string[];
  readonly transport: string;
}

/** Loads the extension with these modules in the place of those that it requires. */
function load(modules: Readonly<Record<string, unknown>>): Extension {
  const loader = Module as unknown as Loader;
  const original = loader._load;
  loader._load = function (request, ...more) {
    return modules[request] ?? original.call(this, request, ...more);
  };
  try {
    return createRequire(import.meta.url)(join(root, 'lang/editor/vscode/extension.cjs')) as Extension;
  } finally {
    loader._load = original;
  }
}

const quoted = (word: string) => `'${word.replaceAll("'", "'\\''")}'`;

test('activation starts the server that the setting names, for files of the language; deactivation ends it', async () => {
  const folder = makeFiles({ pktsh: `#!/bin/sh\nexec ${commandWords().map(quoted).join(' ')} "$@"\n` });
  chmodSync(join(folder, 'pktsh'), 0o755);
  let client: Client | null = null;
  let status: number | null = null;
  const selected: unknown[] = [];
  class LanguageClient {
    readonly #server: ServerOptions;

    constructor(_id: string, _name: string, server: ServerOptions, options: { readonly documentSelector: unknown }) {
      this.#server = server;
      selected.push(options.documentSelector);
    }

    async start(): Promise<void> {
      const { command, args, transport } = this.#server;
      // What the real one adds for this transport.
      client = await connect(null, [command, ...args, `--${transport}`]);
    }

    async stop(): Promise<void> {
      status = (await client?.close()) ?? null;
    }
  }
  const { activate, deactivate } = load({
    vscode: {
      workspace: {
        getConfiguration: (section: string) => ({
          get: (key: string, fallback: string) =>
            `${section}.${key}` === 'pktsh.path' ? join(folder, 'pktsh') : fallback,
        }),
        createFileSystemWatcher: (glob: string) => ({ glob }),
      },
    },
    'vscode-languageclient/node': { LanguageClient, TransportKind: { stdio: 'stdio' } },
  });
  try {
    await activate();
    assert.equal(selected, [[{ language: 'pktsh' }]]);
    const started = client as Client | null;
    await started?.open('untitled:a', 'wait 5\n');
    assert.is((await started?.diagnostics('untitled:a', 1))?.[0]?.code, 'PG2103');
    await deactivate();
    assert.is(status, 0);
  } finally {
    removeFiles(folder);
  }
});

test.run();
