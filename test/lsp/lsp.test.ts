// SPDX-License-Identifier: Apache-2.0

import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { pathToFileURL } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type {
  CodeAction,
  CompletionItem,
  Diagnostic,
  DocumentSymbol,
  Hover,
  Location,
  SemanticTokens,
  SignatureHelp,
  TextEdit,
  WorkspaceEdit,
} from 'vscode-languageserver/node';
import { makeFiles, removeFiles } from '../cli/pktsh.ts';
import { type Client, connect } from './client.ts';

const library = 'let size = 64B\nframe small = eth() / ipv4()\n';
const main = `import "./lib.pg" as lib
lab { veth tx0 <-> rx0 }
frame probe = lib.small / udp() / pktgen
receiver rx0
add_device tx0@0 on cpu 0 {
  frame probe
  rate 1kpps
}
print "ü😀", lib.size
`;

const textOf = (diagnostic: Diagnostic | undefined) => String(diagnostic?.message ?? '');

interface Workplace {
  readonly client: Client;
  readonly uri: string;
  readonly library: string;
  readonly folder: string;
}

const test = suite<{ place: Workplace }>('language server');

test.before.each(async (context) => {
  const folder = makeFiles({
    'lib.pg': library,
    'main.pg': main,
    'other.pg': 'import "./lib.pg" as l\nprint l.size\n',
  });
  const client = await connect(folder);
  const uri = (name: string) => pathToFileURL(join(folder, name)).href;
  context.place = { client, uri: uri('main.pg'), library: uri('lib.pg'), folder };
  await client.open(context.place.uri, main);
});
test.after.each(async ({ place }) => {
  assert.is(await place.client.close(), 0);
  removeFiles(place.folder);
});

/** The position of a word in the text, so many characters behind its first. */
function position(text: string, word: string, behind = 0) {
  const offset = text.indexOf(word) + behind;
  assert.ok(offset >= behind, word);
  const lines = text.slice(0, offset).split('\n');
  return { line: lines.length - 1, character: (lines.at(-1) as string).length };
}

const ask = <A>({ client, uri }: Workplace, method: string, more: object): Promise<A> =>
  client.connection.sendRequest(`textDocument/${method}`, { textDocument: { uri }, ...more });

async function change(place: Workplace, version: number, at: { line: number; character: number }, text: string) {
  const contentChanges = [{ range: { start: at, end: at }, text }];
  await place.client.connection.sendNotification('textDocument/didChange', {
    textDocument: { uri: place.uri, version },
    contentChanges,
  });
}

const shown = ({ uri, range }: Location) =>
  `${uri.split('/').at(-1)} ${range.start.line}:${range.start.character}-${range.end.character}`;

test('diagnostics follow what is typed', async ({ place }) => {
  assert.equal(await place.client.diagnostics(place.uri, 1), []);
  await change(place, 2, { line: 9, character: 0 }, 'wait 5\n');
  const [found, ...more] = await place.client.diagnostics(place.uri, 2);
  assert.equal(more, []);
  assert.is(found?.code, 'PG2103');
  assert.match(textOf(found), /`wait` needs a unit .*\nhint: `5ms` or `5s`/);
  assert.equal(found?.range, { start: { line: 9, character: 5 }, end: { line: 9, character: 6 } });
});

test('columns count UTF-16 units', async ({ place }) => {
  await change(place, 2, position(main, ', lib.size'), ', nobody');
  const [found] = await place.client.diagnostics(place.uri, 2);
  // `print "ü😀", ` has 13 of them.
  assert.equal(found?.range.start, { line: 8, character: 13 });
});

test('an open import counts, not the file on disk', async ({ place }) => {
  await place.client.diagnostics(place.uri, 1);
  await place.client.open(place.library, 'let other = 1\nframe small = eth() / ipv4()\n');
  await change(place, 2, { line: 9, character: 0 }, 'start\n');
  const codes = (await place.client.diagnostics(place.uri, 2)).map(({ code }) => code);
  assert.equal(codes, ['PG3005']);
});

test('mistakes of an imported file stand at the import', async ({ place }) => {
  await place.client.open(place.library, 'let size = 64B\nframe small = eth() / ipv4(\n');
  await change(place, 2, { line: 9, character: 0 }, 'start\n');
  const [found] = await place.client.diagnostics(place.uri, 2);
  assert.match(textOf(found), /^in .*lib.pg: /);
  assert.equal(found?.range.start, { line: 0, character: 7 });
  assert.match(found?.relatedInformation?.[0]?.location.uri ?? '', /lib\.pg$/);
});

test('completion', async ({ place }) => {
  const items = await ask<CompletionItem[]>(place, 'completion', { position: position(main, 'lib.size', 4) });
  assert.equal(
    items.map(({ label }) => label),
    ['size', 'small'],
  );
  const parameters = await ask<CompletionItem[]>(place, 'completion', { position: position(main, 'rate', 2) });
  const rate = parameters.find(({ label }) => label === 'rate') ?? null;
  assert.is(rate?.detail, 'packets or bits a second, 0 pauses');
  assert.equal((rate as { textEdit: TextEdit }).textEdit.range, {
    start: { line: 6, character: 2 },
    end: { line: 6, character: 6 },
  });
});

test('completion of what an import may name', async ({ place }) => {
  await change(place, 2, { line: 0, character: 0 }, 'import "./');
  const items = await ask<CompletionItem[]>(place, 'completion', { position: { line: 0, character: 10 } });
  assert.equal(
    items.map(({ label }) => label),
    ['./lib.pg', './main.pg', './other.pg'],
  );
  assert.equal((items[0] as { textEdit: TextEdit }).textEdit.range, {
    start: { line: 0, character: 8 },
    end: { line: 0, character: 10 },
  });
});

test('semantic tokens: names are what they mean', async ({ place }) => {
  const { data } = await ask<SemanticTokens>(place, 'semanticTokens/full', {});
  const { tokenTypes } = place.client.capabilities.semanticTokensProvider?.legend ?? { tokenTypes: [] };
  const lines = main.split('\n');
  const found: string[] = [];
  let [line, character] = [0, 0];
  for (let at = 0; at < data.length; at += 5) {
    const [lineStep = 0, step = 0, length = 0, type = 0, modifiers = 0] = data.slice(at, at + 5);
    character = lineStep === 0 ? character + step : step;
    line += lineStep;
    const word = lines[line]?.slice(character, character + length);
    found.push(`${word} ${tokenTypes[type]}${modifiers === 1 ? ' declaration' : ''}`);
  }
  for (const one of [
    'import keyword',
    '"./lib.pg" string',
    'lib namespace declaration',
    'rx0 interface',
    'probe struct declaration',
    'udp type',
    'tx0@0 class declaration',
    'probe struct',
    'rate property',
    '1kpps number',
    'size variable',
    'udp type',
  ]) {
    assert.ok(found.includes(one), `${one} in ${found.join(', ')}`);
  }
});

test('hover: a manual, a frame of bytes', async ({ place }) => {
  const text = async (word: string) => {
    const hover = await ask<Hover>(place, 'hover', { position: position(main, word, 1) });
    return (hover.contents as { value: string }).value;
  };
  assert.match(await text('rate'), /- units: `pps`/);
  assert.match(await text('probe'), /udp {5}src 9 [\s\S]*^0000 {2}00 /m);
  assert.is(await ask(place, 'hover', { position: position(main, '{') }), null);
});

test('definition, here and in the imported file', async ({ place }) => {
  const at = async (word: string, behind: number) =>
    shown(await ask<Location>(place, 'definition', { position: position(main, word, behind) }));
  assert.is(await at('  frame probe', 9), 'main.pg 2:6-11');
  assert.is(await at('lib.small', 5), 'lib.pg 1:6-11');
  assert.is(await at('tx0@0', 5), 'main.pg 4:11-16');
});

test('references, in files that are not open too', async ({ place }) => {
  const context = { includeDeclaration: true };
  const found = await ask<Location[]>(place, 'references', { position: position(main, 'lib.size', 5), context });
  assert.equal(found.map(shown).sort(), ['lib.pg 0:4-8', 'main.pg 8:17-21', 'other.pg 1:8-12']);
});

test('rename, over all files', async ({ place }) => {
  const where = { position: position(main, 'lib.size', 5) };
  const prepared = await ask<{ placeholder: string }>(place, 'prepareRename', where);
  assert.is(prepared.placeholder, 'size');
  const { changes = {} } = await ask<WorkspaceEdit>(place, 'rename', { ...where, newName: 'bytes' });
  const edits = Object.entries(changes).flatMap(([uri, all]) => all.map(({ range }) => shown({ uri, range })));
  assert.equal(edits.sort(), ['lib.pg 0:4-8', 'main.pg 8:17-21', 'other.pg 1:8-12']);
});

test('a rename that clashes is refused with the reason', async ({ place }) => {
  const where = { position: position(main, '  frame probe', 9) };
  const reason = await ask(place, 'rename', { ...where, newName: 'lib' }).catch((error: Error) => error.message);
  assert.is(reason, '`lib` is an imported file already');
});

test('symbols of the document', async ({ place }) => {
  const symbols = await ask<DocumentSymbol[]>(place, 'documentSymbol', {});
  assert.equal(
    symbols.map(({ name }) => name),
    ['lib', 'lab', 'probe', 'rx0', 'tx0@0'],
  );
});

test('formatting changes only what differs', async ({ place }) => {
  const options = { tabSize: 2, insertSpaces: true };
  assert.equal(await ask(place, 'formatting', { options }), []);
  await change(place, 2, position(main, 'rate', 4), '    ');
  assert.equal(await ask(place, 'formatting', { options }), [
    { range: { start: { line: 6, character: 7 }, end: { line: 6, character: 11 } }, newText: '' },
  ]);
  await change(place, 3, { line: 0, character: 0 }, '}\n');
  assert.equal(await ask(place, 'formatting', { options }), [], 'a text with a syntax error stays');
});

test('code actions replace what the hints name', async ({ place }) => {
  await change(place, 2, { line: 9, character: 0 }, 'wait 5\n');
  const range = { start: { line: 9, character: 5 }, end: { line: 9, character: 5 } };
  const actions = await ask<CodeAction[]>(place, 'codeAction', { range, context: { diagnostics: [] } });
  assert.equal(
    actions.map(({ title, edit }) => [title, edit?.changes?.[place.uri]?.[0]?.newText]),
    [
      ['Replace with `5ms`', '5ms'],
      ['Replace with `5s`', '5s'],
    ],
  );
});

test('signatures', async ({ place }) => {
  await change(place, 2, { line: 9, character: 0 }, 'print min(1, \n');
  const help = await ask<SignatureHelp>(place, 'signatureHelp', { position: { line: 9, character: 13 } });
  assert.is(help.signatures[0]?.label, 'min(a, b, …)');
  assert.is(help.activeParameter, 1);
});

test('a request that was taken back is not answered', async ({ place }) => {
  const { CancellationTokenSource } = await import('vscode-languageserver/node');
  const source = new CancellationTokenSource();
  const params = { textDocument: { uri: place.uri }, position: { line: 0, character: 0 } };
  // While the server is at work on a long file, the question and its cancellation both arrive.
  const long = `${place.uri}.long.pg`;
  await place.client.open(long, 'let  x = 1\nx = 2\n'.repeat(3000));
  const busy = ask({ ...place, uri: long }, 'formatting', { options: { tabSize: 2, insertSpaces: true } });
  const answer = place.client.connection.sendRequest('textDocument/completion', params, source.token);
  source.cancel();
  const outcome = await answer.then(
    () => 'answered',
    (error: { code: number }) => error.code,
  );
  // RequestCancelled of the protocol.
  assert.is(outcome, -32800);
  await busy;
});

test('nothing that is asked of a broken or missing text ends the server', async ({ place }) => {
  for (const text of ['{{{', 'frame x = eth(', '"${', '\u0000\ud800', 'import "" as a\nimport "../.." as b']) {
    await place.client.open('untitled:1', text);
    for (const uri of ['untitled:1', 'file:///nowhere/x.pg', 'file://host/x.pg', 'x']) {
      for (const method of ['completion', 'hover', 'definition', 'documentSymbol', 'signatureHelp', 'prepareRename']) {
        await ask({ ...place, uri }, method, { position: { line: 9, character: 9 } });
      }
    }
  }
  assert.ok((await ask<unknown[]>(place, 'documentSymbol', {})).length > 0);
});

test('completion with a thousand devices', async ({ place }) => {
  let text = 'frame probe = eth() / ipv4()\nlab { veth tx0 <-> rx0 }\n';
  for (let i = 0; i < 1000; i++) text += `add_device tx0@${i} on cpu 0 {\n  frame probe\n  rate 1kpps\n}\n`;
  const uri = `${place.uri}.many.pg`;
  await place.client.open(uri, `${text}start\nset tx0@0 `);
  const took: number[] = [];
  for (let version = 2; version < 12; version++) {
    const end = { line: 4003, character: 10 };
    const began = performance.now();
    const items = await ask<CompletionItem[]>({ ...place, uri }, 'completion', { position: end });
    took.push(performance.now() - began);
    assert.ok(items.some(({ label }) => label === 'rate'));
  }
  took.sort((a, b) => a - b);
  // For the reader: machines differ.
  process.stderr.write(`completion over the protocol, 1000 devices: median ${took[5]?.toFixed(1)} ms\n`);
});

test.run();
