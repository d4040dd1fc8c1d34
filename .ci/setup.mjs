// SPDX-License-Identifier: Apache-2.0
//
// Everything that a checkout needs before pktsh runs: the dependencies, the native addon with the lab helper, and the
// bundled command line. Each step is skipped while what it was made from is unchanged, so that `npm start` is quick.

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildAddon } from '../native/build.mjs';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
process.chdir(root);

const steps = [
  {
    name: 'dependencies',
    sources: ['package-lock.json'],
    stamp: 'node_modules/.setup',
    // No dependency needs its install script here (esbuild's only replaces a small JavaScript shim).
    make: () => run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']),
  },
  {
    name: 'native addon',
    sources: ['native/binding.gyp', 'native/build.mjs', 'native/src', 'package-lock.json'],
    stamp: 'native/build/.setup',
    make: () => buildAddon('npm run setup'),
  },
  {
    name: 'command line',
    sources: ['lang', 'runtime', 'native/index.ts', 'package.json', 'package-lock.json'],
    stamp: 'dist/.setup',
    make: bundle,
  },
];

for (const step of steps) {
  const digest = digestOf(step.sources);
  if (existsSync(step.stamp) && readFileSync(step.stamp, 'utf8') === digest) continue;
  process.stderr.write(`pktsh setup: ${step.name} … `);
  const began = Date.now();
  rmSync(step.stamp, { force: true });
  const problem = await step.make();
  if (problem === null) {
    mkdirSync(dirname(step.stamp), { recursive: true });
    writeFileSync(step.stamp, digest);
    process.stderr.write(`done in ${((Date.now() - began) / 1000).toFixed(1)} s\n`);
  } else {
    process.stderr.write(`failed\n${problem}\n`);
    // Without the addon everything that needs no senders still works, so only the other steps are fatal.
    if (step.name !== 'native addon') process.exit(1);
  }
}

/** One hash over names and contents, and over what the outputs depend on beside them. */
function digestOf(sources) {
  const hash = createHash('sha256').update(`${process.version} ${process.arch}\n`);
  for (const source of sources) {
    for (const file of filesUnder(source)) hash.update(`${file}\n`).update(readFileSync(file)).update('\n');
  }
  return hash.digest('hex');
}

function filesUnder(path) {
  if (!existsSync(path)) return [];
  const entries = readdirSync(dirname(path), { withFileTypes: true }).find(
    (entry) => join(dirname(path), entry.name) === path,
  );
  if (!entries?.isDirectory()) return [path];
  return readdirSync(path)
    .sort()
    .flatMap((name) => filesUnder(join(path, name)));
}

/** Runs a program quietly; null when it succeeded, else what it printed. */
function run(program, args, env = {}) {
  const done = spawnSync(program, args, { encoding: 'utf8', env: { ...process.env, ...env }, maxBuffer: 64 << 20 });
  if (done.error) return `${program}: ${done.error.message}`;
  return done.status === 0 ? null : `${done.stdout}${done.stderr}`.trimEnd();
}

async function bundle() {
  const { build } = await import('esbuild');
  rmSync('dist', { recursive: true, force: true });
  try {
    const options = {
      outdir: 'dist',
      bundle: true,
      platform: 'node',
      format: 'cjs',
      target: 'node20.19',
      logLevel: 'error',
    };
    const { metafile } = await build({
      ...options,
      metafile: true,
      // All commands in one file, whose modules run when they are first imported: V8's compiled code is of one file too.
      entryPoints: { cli: 'runtime/cli.ts' },
      define: { 'import.meta.url': '__filename', 'import.meta.dirname': '__dirname' },
      minifyWhitespace: true,
      external: ['*.node'],
      legalComments: 'linked',
    });
    const text = readFileSync('dist/cli.js', 'utf8');
    // Half as long in memory, and read without being decoded.
    const escaped = (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
    writeFileSync('dist/cli.js', text.replace(/[^\0-\x7f]/g, escaped));
    await build({
      ...options,
      entryPoints: { pktsh: 'runtime/launcher.ts', precompile: 'runtime/precompile.ts' },
      banner: { js: '#!/usr/bin/env node' },
    });
    // Node's loader of CommonJS starts sooner.
    writeFileSync('dist/package.json', '{ "type": "commonjs" }\n');
    writeFileSync('dist/THIRD-PARTY-LICENSES.txt', licences(metafile));
  } catch (error) {
    return error.message;
  }
  const script = 'dist/pktsh.js';
  chmodSync(script, 0o755);
  const manual = spawnSync(process.execPath, [script, 'man'], { encoding: 'utf8' });
  if (manual.status !== 0) return manual.stderr;
  writeFileSync('dist/pktsh.1', manual.stdout);
  const problem = run(process.execPath, ['dist/precompile.js']);
  if (problem !== null) return problem;
  // `npx pktsh` looks here first.
  mkdirSync('node_modules/.bin', { recursive: true });
  rmSync('node_modules/.bin/pktsh', { force: true });
  symlinkSync('../../dist/pktsh.js', 'node_modules/.bin/pktsh');
  return null;
}

/** The licences of the packages that the bundle holds, which they ask to go along. */
function licences({ inputs }) {
  const packages = Object.keys(inputs).flatMap((path) => /^node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? []);
  return [...new Set(packages)]
    .sort()
    .map((folder) => {
      const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
      const file = readdirSync(folder).find((one) => /^licen[cs]e/i.test(one));
      const text = file === undefined ? '' : `\n\n${readFileSync(join(folder, file), 'utf8').trim()}`;
      return `${name} ${version} (${license})${text}\n`;
    })
    .join(`\n${'-'.repeat(80)}\n\n`);
}
