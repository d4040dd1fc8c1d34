// SPDX-License-Identifier: Apache-2.0

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { commandWords, withFiles } from '../cli/pktsh.ts';
import { testWith, tool } from '../requirements.ts';

const test = suite('neovim');

const text = `lab { veth tx0 <-> rx0 }
frame probe = eth() / ipv4() / udp() / pktgen
add_device tx0@0 on cpu 0 {
  frame   probe

}
wait 5
`;

testWith(test, [tool('nvim')], "the server serves neovim's client", async () => {
  await withFiles({ 'a.pg': text }, async (folder) => {
    const words = JSON.stringify([...commandWords(), 'lsp']);
    const script = join(import.meta.dirname, 'neovim.lua');
    const done = spawnSync('nvim', ['--headless', '-u', 'NONE', '-i', 'NONE', '-S', script], {
      encoding: 'utf8',
      env: { ...process.env, HOME: folder, PKTSH_WORDS: words, PKTSH_FILE: join(folder, 'a.pg') },
      timeout: 120_000,
    });
    assert.is(done.status, 0, done.stderr);
    assert.equal(done.stdout.trim().split('\n'), [
      'diagnostics: PG2103',
      'completion: packets or bits a second, 0 pauses',
      'hover: **frame**: what it sends, instead of the frame that the words of pktgen make',
      'definition: 1',
      'rename: 2',
      'symbols: probe',
      'code action: wait 5ms',
      'formatting:   frame probe',
    ]);
  });
});

test.run();
