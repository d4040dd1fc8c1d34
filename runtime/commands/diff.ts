// SPDX-License-Identifier: Apache-2.0

import { existsSync } from 'node:fs';
import { type Change, difference } from '../../lang/difference/difference.ts';
import { compile, type ImportReader, SourceFile } from '../../lang/index.ts';
import type { Program } from '../../lang/op.ts';
import { readImport } from '../import-reader.ts';
import { type Finding, type Refusal, refusal } from '../refusal.ts';
import { writeFindings } from '../report/findings.ts';
import { diagnosticsDocument, reportedFindings, reportedRefusal, writeDocument, writeRefusal } from '../report/json.ts';
import type { Output } from '../report/output.ts';
import type { Palette } from '../report/palette.ts';
import { unifiedDiff } from '../report/unified-diff.ts';
import { isRevision, readRevision, readRevisionImport } from '../revision.ts';
import { inputOf, readScript, type Script } from '../script-input.ts';

export interface DiffFlags {
  readonly json?: boolean;
  readonly git?: boolean;
}

/** The document of `diff --json`. */
interface DifferenceDocument {
  readonly schema: 'pktsh.difference/1';
  readonly exit: 0 | 1;
  readonly before: string;
  readonly after: string;
  readonly changes: readonly Change[];
}

/**
 * `pktsh diff A B`: what two scenario files do differently. Each is a file, `-`, or `rev:path` as git names it, which imports
 * from its own revision. Exit status
 * 0 where they do the same, 1 where not, 2 where one of them cannot be read or is wrong.
 */
export async function diffCommand(before: string, after: string, flags: DiffFlags, output: Output): Promise<number> {
  const programs: Program[] = [];
  const findings: Finding[] = [];
  for (const [name, other] of [
    [before, after],
    [after, before],
  ] as const) {
    const version = await readVersion(name, other);
    if ('refusal' in version) {
      writeRefusal(version.refusal, output.stderr);
      if (output.json) {
        const document = diagnosticsDocument(version.refusal.exit, [before, after], [reportedRefusal(version.refusal)]);
        writeDocument(output.stdout, document);
      }
      return version.refusal.exit;
    }
    const { program, finding } = compiled(version);
    if (program !== null) programs.push(program);
    else findings.push(finding);
  }
  const [old, now] = programs;
  if (old === undefined || now === undefined) {
    writeFindings(findings, output.stderr);
    if (output.json) {
      writeDocument(output.stdout, diagnosticsDocument(2, [before, after], reportedFindings(findings)));
    }
    return 2;
  }
  const changes = difference(old, now);
  const exit = changes.length === 0 ? 0 : 1;
  if (flags.json === true) {
    const document: DifferenceDocument = { schema: 'pktsh.difference/1', exit, before, after, changes };
    writeDocument(output.stdout, document);
  } else {
    output.stdout.write(differenceText(changes, output.stdout.palette));
  }
  return exit;
}

/**
 * As `git diff` calls an external command: path, then file, object and mode of either side, and where it was renamed or
 * copied its new path. git takes any exit status but 0 for a crash, so 0 it is; what does not compile is shown line by line.
 */
export async function gitDiffCommand(words: readonly string[], output: Output): Promise<number> {
  const [path = '', oldFile, , oldMode, newFile, , newMode, newPath = path] = words;
  const { stdout } = output;
  const { palette } = stdout;
  if (oldFile === undefined || newFile === undefined) {
    stdout.write(`${palette.strong(path)}: unmerged\n`);
    return 0;
  }
  const scripts: Script[] = [];
  for (const file of [oldFile, newFile]) scripts.push(await readScript(inputOf(file)));
  const sources: SourceFile[] = [];
  for (const [at, script] of scripts.entries()) {
    if ('refusal' in script) {
      writeRefusal(script.refusal, output.stderr);
      return 0;
    }
    // git's names of its temporary files tell nobody anything.
    const name = at === 0 ? path : newPath;
    sources.push(new SourceFile(name, script.ok ? script.source.text : script.finding.source.text));
  }
  const [before, after] = sources as [SourceFile, SourceFile];
  const [added, removed] = [oldMode === '.', newMode === '.'];
  const named = palette.strong(newPath === path ? path : `${path} -> ${newPath}`);
  const sameMode = oldMode === newMode || added || removed;
  const head = sameMode ? named : `${named} (mode ${oldMode} -> ${newMode})`;
  if (before.text === after.text) {
    stdout.write(`${head}: ${added ? 'added' : removed ? 'removed' : 'the text is the same'}\n`);
    return 0;
  }
  const [old, now] = [compile(before, readImport).program, compile(after, readImport).program];
  if (old === null || now === null) {
    stdout.write(`${sameMode ? '' : `${head}\n`}${unifiedDiff(path, newPath, before.text, after.text, palette)}`);
    return 0;
  }
  const text = differenceText(difference(old, now), palette);
  stdout.write(`${head}${text === '' ? ': only the layout differs\n' : `\n${text}`}`);
  return 0;
}

function compiled({ script, read }: Version): { program: Program | null; finding: Finding } {
  if (!script.ok) return { program: null, finding: script.finding };
  const { program, diagnostics, source } = compile(script.source, read);
  return { program, finding: { source, diagnostics } };
}

/** A script with how to read what it imports. */
interface Version {
  readonly script: Exclude<Script, { readonly refusal: unknown }>;
  readonly read: ImportReader;
}

/** A file; where there is none of that name, `rev:path` is looked up in git. */
async function readVersion(name: string, other: string): Promise<Version | { readonly refusal: Refusal }> {
  if (name === '-' && other === '-') {
    return { refusal: refusal(2, '`-` is standard input, which can be read once') };
  }
  const isFile = !name.includes(':') || existsSync(name);
  const script = isFile ? await readScript(inputOf(name)) : readRevision(name);
  if ('refusal' in script) {
    const hinted = isFile && !existsSync(name) && isRevision(name);
    if (!hinted) return script;
    const path = existsSync(other) ? other : 'path';
    return { refusal: { ...script.refusal, hint: `\`${name}:${path}\` is a file of that revision` } };
  }
  return { script, read: isFile ? readImport : readRevisionImport };
}

// --- text -----------------------------------------------------------------------------------------------------------------

const marks = { added: '+', removed: '-', changed: '~' } as const;

/** Changes as people read them; '' where there are none. */
function differenceText(changes: readonly Change[], palette: Palette): string {
  const lines: string[] = [];
  let scenario: string | null = null;
  for (const change of changes) {
    if (change.scenario !== scenario && change.scenario !== null) {
      lines.push(palette.strong(`scenario ${JSON.stringify(change.scenario)}`));
    }
    scenario = change.scenario;
    lines.push(...changeLines(change, palette));
  }
  return lines.map((line) => `${line}\n`).join('');
}

function changeLines(change: Change, palette: Palette): readonly string[] {
  const { section, name, before, after, details } = change;
  const places = [before, after].flatMap((side, at) => (side === null ? [] : [`${at === 0 ? '-' : '+'}${side.line}`]));
  const place = palette.dim(`  @@ ${places.join(' ')} @@`);
  const paint = { added: palette.good, removed: palette.error, changed: palette.accent }[change.change];
  const only = before === null ? after : after === null ? before : null;
  if (only !== null) {
    const what = only.text.replace(/^scenario /, '');
    return [`${paint(`${marks[change.change]} ${section}`)} ${what}${place}`];
  }
  const removed = (text: string) => `    ${palette.error(`- ${text}`)}`;
  const added = (text: string) => `    ${palette.good(`+ ${text}`)}`;
  const head = `${paint(`${marks.changed} ${section}`)} ${name}${place}`;
  if (details.length === 0) return [head, removed(before?.text ?? ''), added(after?.text ?? '')];
  const lines = details.map((detail) => {
    if (detail.before === null) return added(`${detail.name} ${detail.after}`);
    if (detail.after === null) return removed(`${detail.name} ${detail.before}`);
    return `    ${detail.name}: ${palette.error(detail.before)} -> ${palette.good(detail.after)}`;
  });
  return [head, ...lines];
}
