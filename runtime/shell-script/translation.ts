// SPDX-License-Identifier: Apache-2.0

import { keywordHelp } from '../../lang/assist/vocabulary.ts';
import type { Diagnostic } from '../../lang/diagnostics/diagnostic.ts';
import type { SourceFile, Span } from '../../lang/index.ts';
import { assertNever } from '../../lang/types.ts';
import type { ScalarType } from '../../lang/value.ts';
import { report } from '../commands/catalogue.ts';
import { DeviceCommands } from './device-commands.ts';
import {
  arithmetic,
  type Expanded,
  expand,
  type Hole,
  joined,
  known,
  type Scope,
  split,
  type Text,
  testOf,
  written,
} from './expansion.ts';
import { type Head, writeScenario } from './scenario-text.ts';
import {
  builtins,
  firstLine,
  formatted,
  givesUp,
  isTest,
  mostItems,
  named,
  numbersFrom,
  pktgenFile,
  pktgenFunctions,
  prefixEnds,
  procFolder,
  quiet,
  scriptDefaults,
  scriptOptions,
  withoutOptions,
} from './script-words.ts';
import { piecesOf, plainText, readShell, type Statement, type StatementOf, type Word } from './syntax.ts';

export interface Translation {
  readonly text: string;
  /** A warning for each line that could not be carried over, or not as it stands, in the order of the script. */
  readonly warnings: readonly Diagnostic[];
}

/**
 * A shell script for pktgen as a scenario: `pgset "…"`, `pg_set $DEV "…"`, `echo "…" > /proc/net/pktgen/…`, with its
 * variables, functions and counting loops. It is read, and nothing of it is carried out.
 */
export function translate(source: SourceFile): Translation {
  return new ScriptTranslation(source).translation();
}

const mostCalls = 16;

class ScriptTranslation {
  readonly #source: SourceFile;
  readonly #commands: DeviceCommands;
  readonly #warnings: Diagnostic[] = [];
  /** Whether the script has the options of the kernel's own. */
  #optional = false;
  readonly #variables = new Map<string, Text>();
  readonly #arrays = new Map<string, readonly Text[] | null>();
  readonly #functions = new Map<string, readonly Statement[]>();
  /** Parameters of the scenario by the shell's names, with their types once something says so. */
  readonly #parameters = new Map<string, { readonly name: string; type: ScalarType | null; value: string | null }>();
  #args: readonly Text[] = [];
  #calls = 0;
  /** Whether the function under way was put into the background. */
  #behind = false;

  constructor(source: SourceFile) {
    this.#source = source;
    this.#commands = new DeviceCommands({
      leave: (why, at) => this.#leave(why, at),
      note: (why, at) => this.#note(why, at),
      typed: (hole, type) => this.#typed(hole, type),
    });
  }

  translation(): Translation {
    const statements = readShell(this.#source.text);
    const begins = statements.findIndex(({ kind }) => kind !== 'comment');
    this.#all(statements.slice(0, Math.max(0, begins)));
    const heading = this.#commands.heading();
    this.#all(statements.slice(Math.max(0, begins)));
    const items = this.#commands.finished();
    const { text, refused } = writeScenario(this.#head(heading), items);
    for (const { at, why } of refused) this.#leave(why, at);
    const warnings = this.#warnings.toSorted((a, b) => a.span.start - b.span.start);
    return { text, warnings };
  }

  #head(comments: readonly string[]): Head {
    const parameters = [...this.#parameters.values()].map(({ name, type, value }) => {
      return { name, text: value === null ? `param ${name}: ${type ?? 'string'}` : `param ${name} = ${value}` };
    });
    return {
      comments: [`# Imported from ${this.#source.name.replaceAll(/[\r\n]/g, ' ')}.`, ...comments, ''],
      parameters,
    };
  }

  #leave(why: string, at: Span): void {
    this.#warnings.push(report('PG7007', { line: this.#lineOf(at), why }, at));
  }

  #note(why: string, at: Span): void {
    this.#warnings.push(report('PG7008', { line: this.#lineOf(at), why }, at));
  }

  #lineOf(at: Span): string {
    return this.#source.slice(at).split('\n')[0]?.trim() ?? '';
  }

  // --- statements -------------------------------------------------------------------------------------------------------

  #all(statements: readonly Statement[]): void {
    for (const statement of statements) this.#statement(statement);
  }

  #statement(statement: Statement): void {
    switch (statement.kind) {
      case 'comment':
        this.#commands.comment(statement.text);
        return;
      case 'assignment': {
        const value = expand(statement.value, this.#scope, 'parameter');
        if (value.ok) this.#variables.set(statement.name, named(value.text, statement.name, this.#parameterOf));
        else this.#variables.set(statement.name, this.#outside(statement.name));
        return;
      }
      case 'array':
        this.#array(statement);
        return;
      case 'chain':
        this.#chain(statement);
        return;
      case 'if':
        this.#if(statement);
        return;
      case 'for':
        this.#for(statement);
        return;
      case 'count':
        this.#count(statement);
        return;
      case 'function':
        if (!pktgenFunctions.has(statement.name)) this.#functions.set(statement.name, statement.body);
        return;
      case 'group':
        this.#all(statement.body);
        return;
      case 'other':
        if (this.#concernsPktgen(statement.span)) this.#leave('only counting loops are carried over', statement.span);
        return;
      case 'command':
        this.#command(statement);
        return;
      default:
        assertNever(statement);
    }
  }

  #concernsPktgen(at: Span): boolean {
    const names = [...this.#functions.keys()].filter((name) => /^\w+$/.test(name));
    const paths = [...this.#variables].flatMap(([name, [first]]) =>
      typeof first === 'string' && `${first}/`.startsWith(procFolder) ? [`|\\$\\{?${name}\\b`] : [],
    );
    return new RegExp(
      `/proc/net/pktgen|\\$\\{?PGDEV${paths.join('')}|\\b(?:pgset|pg_set|pg_thread|pg_ctrl|proc_cmd${names.map((name) => `|${name}`).join('')})\\b`,
    ).test(this.#source.slice(at));
  }

  #array({ name, items, span }: StatementOf<'array'>): void {
    const values = items.map((item) => expand(item, this.#scope, 'parameter'));
    const texts = values.flatMap((value) => (value.ok ? split(value.text) : []));
    if (values.every((value) => value.ok)) {
      this.#arrays.set(name, texts);
      return;
    }
    this.#arrays.set(name, null);
    this.#note(
      `what \`${name}\` holds is only known by running the script; its n-th entry is taken to be n, as of CPUs`,
      span,
    );
  }

  #chain({ condition, wanted, then, span }: StatementOf<'chain'>): void {
    const held = this.#holds([condition]);
    if (condition.kind !== 'command' || !isTest(condition)) {
      this.#statement(condition);
      if (wanted) this.#statement(then);
    } else if (held === null) {
      if (then.kind === 'assignment' || this.#concernsPktgen(span))
        this.#leave('whether its condition holds is not known here', span);
    } else if (held !== wanted) this.#without(condition.span, span);
    else if (!givesUp([then])) this.#statement(then);
  }

  #if({ branches, otherwise, span }: StatementOf<'if'>): void {
    for (const { condition, body } of branches) {
      const held = this.#holds(condition);
      if (held === null) {
        if (this.#concernsPktgen(span)) this.#leave('whether its condition holds is not known here', span);
        return;
      }
      if (!held) {
        for (const one of condition) this.#without(one.span, span);
        continue;
      }
      if (!givesUp(body)) this.#all(body);
      return;
    }
    if (!givesUp(otherwise)) this.#all(otherwise);
  }

  /** Tells of commands that are for an option of the kernel's own scripts, none of which is given here. */
  #without(condition: Span, at: Span): void {
    if (!this.#optional || !this.#concernsPktgen(at)) return;
    const [, name = ''] = /\$\{?(\w+)/.exec(this.#source.slice(condition)) ?? [];
    const option = scriptOptions[name];
    if (option !== undefined) this.#note(`carried over as without the option \`${option}\``, at);
  }

  /** Whether the last of some commands succeeds; null where that is not known. */
  #holds(condition: readonly Statement[]): boolean | null {
    const last = condition.findLast(({ kind }) => kind !== 'comment');
    if (last?.kind === 'chain') {
      const [left, right] = [this.#holds([last.condition]), this.#holds([last.then])];
      if (left === null) return null;
      return left === last.wanted ? right : left;
    }
    if (last?.kind !== 'command' || !isTest(last)) return null;
    const [first, ...rest] = last.words;
    const name = plainText(first as Word);
    if (name === 'true' || name === 'false') return name === 'true';
    const inside = name === 'test' ? rest : rest.slice(0, -1);
    const words: Text[] = [];
    for (const word of inside) {
      const value = expand(word, this.#scope, 'empty');
      if (!value.ok) return null;
      // Without quotes a word of nothing is none, but a test of it means the same.
      words.push(value.text);
    }
    return testOf(words);
  }

  #for({ variable, items, body, span }: StatementOf<'for'>): void {
    const values = items.map((item) => this.#itemsOf(item));
    const texts: Text[] = [];
    for (const value of values) {
      if (!value.ok) {
        if (this.#concernsPktgen(span)) this.#leave(`what it goes over is not known here: ${value.why}`, span);
        return;
      }
      texts.push(...value.items);
    }
    const numbers = texts.map((text) => Number(known(text) ?? Number.NaN));
    const counts =
      numbers.length > 1 &&
      numbers.every((number, i) => Number.isInteger(number) && number === (numbers[0] as number) + i);
    if (counts) {
      this.#loop(variable, `${numbers[0]}..${numbers.at(-1)}`, body, span);
      return;
    }
    for (const text of texts) {
      this.#variables.set(variable, text);
      this.#all(body);
    }
  }

  #itemsOf(word: Word): { readonly ok: true; readonly items: readonly Text[] } | (Expanded & { readonly ok: false }) {
    const braces = /^\{(\d+)\.\.(\d+)\}$/.exec(plainText(word));
    if (braces !== null) return { ok: true, items: numbersFrom(Number(braces[1]), Number(braces[2])) };
    const [only] = word.pieces;
    if (only?.kind === 'variable' && (only.index === '@' || only.index === '*')) {
      const items = this.#arrays.get(only.name);
      return items == null ? { ok: false, why: `\`${only.name}\` is filled by a command` } : { ok: true, items };
    }
    const value = expand(word, this.#scope, 'parameter');
    if (!value.ok) return value;
    return { ok: true, items: word.quoted && only?.kind !== 'variable' ? [value.text] : split(value.text) };
  }

  #count({ head, body, span }: StatementOf<'count'>): void {
    const [, variable = '', from = '', sign, to = ''] =
      /^\s*(\w+)\s*=\s*([^;]+?)\s*;\s*\1\s*(<=?)\s*([^;]+?)\s*;\s*(?:\1\s*\+\+|\+\+\s*\1|\1\s*\+=\s*1)\s*$/.exec(
        head,
      ) ?? [];
    const [first, last] = [arithmetic(from, this.#scope), arithmetic(sign === '<' ? `(${to}) - 1` : to, this.#scope)];
    if (variable === '' || !first.ok || !last.ok) {
      this.#leave('loops are carried over that count up by one', span);
      return;
    }
    const ends = [first.text, last.text].map((text) => this.#numeric(text));
    this.#loop(variable, ends.join('..'), body, span);
  }

  #numeric(text: Text): string {
    const [only] = text;
    if (typeof only === 'string' || only === undefined) return only ?? '0';
    this.#typed(only, 'number');
    return only.source;
  }

  #loop(variable: string, range: string, body: readonly Statement[], span: Span): void {
    const name = this.#free(variable);
    const before = this.#variables.get(variable);
    this.#variables.set(variable, [{ source: name, parameter: null }]);
    this.#commands.loop(name, range, span, () => this.#all(body));
    // Behind the loop its variable means nothing any more, and nor does what was made of it.
    for (const [other, value] of this.#variables) {
      if (value.some((part) => typeof part !== 'string' && new RegExp(`\\b${name}\\b`).test(part.source)))
        this.#variables.delete(other);
    }
    if (before !== undefined) this.#variables.set(variable, before);
  }

  // --- commands ---------------------------------------------------------------------------------------------------------

  #command(command: StatementOf<'command'>): void {
    const { words, span } = command;
    const [first, ...rest] = words;
    if (first === undefined) return;
    const name = plainText(first);
    const target = this.#pktgenTarget(command);
    if (target !== null) {
      this.#redirected(command, name, rest, target);
      return;
    }
    if (pktgenFunctions.has(name)) {
      this.#pktgenFunction(command, name, rest);
      return;
    }
    const body = this.#functions.get(name);
    if (body !== undefined) {
      this.#call(body, rest, command);
      return;
    }
    if (name === 'source' || name === '.') {
      this.#sourced(rest, span);
      return;
    }
    if (name === 'read') {
      this.#read(command);
      return;
    }
    if (name === 'cat' || name === 'grep' || name === 'head' || name === 'tail') {
      this.#shown(rest, span);
      return;
    }
    if (name === 'echo' || name === 'printf') {
      this.#printed(command, rest);
      return;
    }
    if (name === 'sleep') {
      this.#slept(rest, span);
      return;
    }
    if (name === 'wait') {
      this.#commands.waited(span);
      return;
    }
    // Whoever ends the write of `start` stops what it started.
    if ((name === 'kill' || name === 'pkill' || name === 'killall') && this.#commands.killed(span)) return;
    if (!quiet.has(name)) this.#leave('it is a program of its own, and nothing is run here', span);
  }

  /** The file of pktgen's that a command writes; null: none. */
  #pktgenTarget({ redirects }: StatementOf<'command'>): Text | null {
    for (const { operator, target } of redirects) {
      if (!/^1?>>?$/.test(operator)) continue;
      const value = expand(target, this.#scope, 'parameter');
      const file = value.ok ? pktgenFile(value.text) : null;
      if (file !== null) return file;
    }
    return null;
  }

  #redirected(command: StatementOf<'command'>, name: string, words: readonly Word[], file: Text): void {
    const { span, heredoc } = command;
    if (heredoc !== null) {
      const lines = heredoc.split('\n').filter((line) => line.trim() !== '');
      if (lines.length > 1) this.#note('one write is one command: of the lines below the kernel takes the first', span);
      this.#written(file, expand({ pieces: piecesOf(lines[0] ?? '') }, this.#scope, 'parameter'), command);
      return;
    }
    if (name !== 'echo' && name !== 'printf') {
      this.#leave('what it writes is not known here', span);
      return;
    }
    const text = name === 'printf' ? this.#formattedWords(words) : this.#joinedWords(withoutOptions(words));
    const lines = text.ok
      ? /\\n(?=.*\S)/.exec(text.text.map((part) => (typeof part === 'string' ? part : '?')).join(''))
      : null;
    if (lines !== null) this.#note('one write is one command: of its lines the kernel takes the first', span);
    this.#written(file, text.ok ? { ok: true, text: firstLine(text.text) } : text, command);
  }

  #pktgenFunction(command: StatementOf<'command'>, name: string, words: readonly Word[]): void {
    const { span } = command;
    if (name === 'pgset') {
      const device = this.#variables.get('PGDEV');
      const file = device === undefined ? null : pktgenFile(device);
      if (file === null) {
        this.#leave('`PGDEV` names no file of pktgen here', span);
        return;
      }
      this.#written(file, this.#joinedWords(words), command);
      return;
    }
    if (name === 'pg_ctrl') {
      this.#written(written('pgctrl'), this.#joinedWords(words), command);
      return;
    }
    const [first, ...rest] = words;
    const target = first === undefined ? null : expand(first, this.#scope, 'parameter');
    if (target === null || !target.ok) {
      this.#leave('what it is told to is not known here', span);
      return;
    }
    const file = name === 'pg_thread' ? joined(written('kpktgend_'), target.text) : target.text;
    this.#written(file, this.#joinedWords(rest), command);
  }

  #joinedWords(words: readonly Word[]): Expanded {
    const texts: Text[] = [];
    for (const [i, word] of words.entries()) {
      const value = expand(word, this.#scope, 'parameter');
      if (!value.ok) return value;
      texts.push(i === 0 ? value.text : joined(written(' '), value.text));
    }
    return { ok: true, text: joined(...texts) };
  }

  #formattedWords(words: readonly Word[]): Expanded {
    const values = words.map((word) => expand(word, this.#scope, 'parameter'));
    const failed = values.find((value) => !value.ok);
    if (failed !== undefined) return failed;
    const [format = [], ...rest] = values.flatMap((value) => (value.ok ? [value.text] : []));
    const text = formatted(format, rest);
    return text === null ? { ok: false, why: 'what it writes is not known here' } : { ok: true, text };
  }

  #written(file: Text, text: Expanded, { span, background }: StatementOf<'command'>): void {
    if (!text.ok) {
      this.#leave(text.why, span);
      return;
    }
    this.#commands.write(file, text.text, background || this.#behind, span);
  }

  #call(body: readonly Statement[], words: readonly Word[], { span, background }: StatementOf<'command'>): void {
    if (this.#calls >= mostCalls) {
      this.#leave('functions that call themselves are not followed', span);
      return;
    }
    const args = words.map((word) => expand(word, this.#scope, 'empty'));
    const [outer, behind] = [this.#args, this.#behind];
    this.#args = args.flatMap((arg) => (arg.ok ? [arg.text] : [[]]));
    this.#behind ||= background;
    this.#calls++;
    this.#all(body);
    this.#calls--;
    this.#args = outer;
    this.#behind = behind;
  }

  /** The kernel's own library of such scripts; its parameters are what its options set. */
  #sourced(words: readonly Word[], span: Span): void {
    const path = words[0] === undefined ? '' : plainText(words[0]);
    if (path.endsWith('parameters.sh')) {
      const first = this.#parameter('F_THREAD', 'number', '0');
      const threads = this.#parameter('THREADS', 'number', '1');
      this.#variables.set('F_THREAD', [first]);
      this.#variables.set('THREADS', [threads]);
      this.#optional = true;
      this.#variables.set('L_THREAD', [{ source: `${first.source} + ${threads.source} - 1`, parameter: null }]);
      for (const name of ['IP6', 'DEBUG', 'VERBOSE', 'APPEND']) this.#variables.set(name, []);
    } else if (!path.endsWith('functions.sh')) {
      this.#leave('what another script says is not read', span);
    }
  }

  /** `read -r A B <<< $(parse_addr 10.0.0.0/24)` of the kernel's samples: the ends of a prefix, or of two ports. */
  #read({ words, redirects, span }: StatementOf<'command'>): void {
    const names = words
      .slice(1)
      .map(plainText)
      .filter((word) => /^[A-Za-z_]\w*$/.test(word));
    const given = redirects
      .find(({ operator }) => operator === '<<<')
      ?.target.pieces.find(({ kind }) => kind === 'command');
    const call = given?.kind === 'command' ? expand({ pieces: piecesOf(given.text) }, this.#scope, 'empty') : null;
    const [name = '', argument = ''] = (call?.ok ? (known(call.text) ?? '') : '').split(/\s+/);
    const ends = name === 'parse_addr' ? prefixEnds(argument) : name === 'parse_ports' ? argument.split('-') : null;
    const [first, last = first] = ends ?? [];
    if (names.length !== 2 || first === undefined || last === undefined) {
      for (const one of names) this.#variables.set(one, this.#outside(one));
      if (names.length > 0)
        this.#note('what it reads is only known by running it: the scenario has parameters instead', span);
      return;
    }
    this.#variables.set(names[0] as string, written(first));
    this.#variables.set(names[1] as string, written(last));
  }

  #shown(words: readonly Word[], span: Span): void {
    for (const word of words) {
      const value = expand(word, this.#scope, 'parameter');
      const file = value.ok ? pktgenFile(value.text) : null;
      if (file !== null) this.#commands.show(file, span);
    }
  }

  #printed({ redirects, span }: StatementOf<'command'>, words: readonly Word[]): void {
    const file = redirects.find(
      ({ operator, target }) => /^\d?>>?$/.test(operator) && !/^(?:\/dev\/\w+)?$/.test(plainText(target)),
    );
    if (file !== undefined) {
      this.#leave('it changes the machine, which is left as it is', span);
      return;
    }
    const text = this.#joinedWords(withoutOptions(words));
    if (text.ok && text.text.length > 0) this.#commands.print(text.text, span);
  }

  #slept(words: readonly Word[], span: Span): void {
    const value = words[0] === undefined ? null : expand(words[0], this.#scope, 'parameter');
    const text = value?.ok ? value.text : null;
    const [, number, unit = ''] = /^(\d+(?:\.\d+)?)([smh]?)$/.exec(text === null ? '' : (known(text) ?? '')) ?? [];
    const [hole] = text ?? [];
    if (number !== undefined) this.#commands.wait(`${number}${unit === 'm' ? 'min' : unit || 's'}`, span);
    else if (typeof hole === 'object' && text?.length === 1 && this.#typed(hole, 'duration'))
      this.#commands.wait(hole.source, span);
    else this.#leave('how long is not known here', span);
  }

  // --- variables --------------------------------------------------------------------------------------------------------

  readonly #scope: Scope = {
    variable: (name) => (/^\d$/.test(name) ? this.#positional(Number(name)) : (this.#variables.get(name) ?? null)),
    args: () => this.#args,
    isArray: (name) => this.#arrays.has(name),
    element: (name, index) => this.#arrays.get(name)?.[index] ?? null,
    number: (hole) => this.#typed(hole, 'number'),
    output: (command) => this.#output(command),
    outside: (name) => this.#outside(name),
  };

  #positional(number: number): Text | null {
    return this.#calls === 0 ? null : (this.#args[number - 1] ?? []);
  }

  /** What `seq` prints, and `dirname`, of which only paths are made; nothing else is known without running it. */
  #output(command: string): Text | null {
    const words = expand({ pieces: piecesOf(command) }, this.#scope, 'parameter');
    const [name, ...args] = words.ok ? (known(words.text) ?? '').trim().split(/\s+/) : [];
    if (name === 'dirname') return written('.');
    const numbers = args.map(Number);
    const [first, last] = numbers.length === 1 ? [1, numbers[0]] : numbers;
    if (name !== 'seq' || numbers.length > 2 || first === undefined || last === undefined) return null;
    if (!Number.isInteger(first) || !Number.isInteger(last) || last - first > mostItems) return null;
    return written(numbersFrom(first, last).map(known).join(' '));
  }

  readonly #parameterOf = (shellName: string): Text => this.#outside(shellName);

  #outside(shellName: string): Text {
    const [type, value] = (this.#optional ? scriptDefaults[shellName] : undefined) ?? [null, null];
    return [this.#parameter(shellName, type, value)];
  }

  #parameter(shellName: string, type: ScalarType | null, value: string | null): Hole {
    const known = this.#parameters.get(shellName);
    const name = known?.name ?? this.#free(/^\d/.test(shellName) ? `arg${shellName}` : shellName);
    if (known === undefined) this.#parameters.set(shellName, { name, type, value });
    return { source: name, parameter: shellName };
  }

  /** The variable's name in the language: small letters, and none of its words. */
  #free(shellName: string): string {
    const name = shellName.toLowerCase();
    return keywordHelp.has(name) || builtins.has(name) ? `${name}_` : name;
  }

  #typed({ parameter }: Hole, type: ScalarType): boolean {
    const found = parameter === null ? undefined : this.#parameters.get(parameter);
    if (found === undefined) return true;
    found.type ??= type;
    return found.type === type;
  }
}
