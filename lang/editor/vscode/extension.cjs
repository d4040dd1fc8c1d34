// SPDX-License-Identifier: Apache-2.0

const { workspace } = require('vscode');
const { LanguageClient, TransportKind } = require('vscode-languageclient/node');

let client;

/** Starts the server with the first scenario file that is opened. */
exports.activate = async () => {
  const command = workspace.getConfiguration('pktsh').get('path', 'pktsh');
  const server = { command, args: ['lsp'], transport: TransportKind.stdio };
  client = new LanguageClient('pktsh', 'pktsh', server, {
    documentSelector: [{ language: 'pktsh' }],
    synchronize: { fileEvents: workspace.createFileSystemWatcher('**/*.pg') },
  });
  await client.start();
};

exports.deactivate = () => client?.stop();
