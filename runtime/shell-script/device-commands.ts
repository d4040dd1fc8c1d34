// SPDX-License-Identifier: Apache-2.0

import type { Span } from '../../lang/index.ts';
import type { ScalarType } from '../../lang/value.ts';
import { replaces } from '../scenario/settings.ts';
import { type Hole, known, type Text, written } from './expansion.ts';
import { translated } from './pktgen-values.ts';
import type { Item, Setting } from './scenario-text.ts';

/** Where the rest of the script hears of what is not carried over, or otherwise than it stands. */
export interface Listener {
  readonly leave: (why: string, at: Span) => void;
  readonly note: (why: string, at: Span) => void;
  /** Whether a parameter of the scenario can have this type. */
  readonly typed: (hole: Hole, type: ScalarType) => boolean;
}

type DeviceItem = Item & { readonly kind: 'device' };

/** pktgen's parameters of the module: pg_count_d, and the address of frames for nobody. */
const defaultCount = '1000';
const nobody = '00:00:00:00:00:00';
const rangeEnds = ['min_pkt_size', 'max_pkt_size'];
/** A delay of so many nanoseconds means that nothing is sent (net/core/pktgen.c, pktgen_if_write). */
const neverDelay = 2_147_483_647;
/** A VLAN id from here on means no VLAN. */
const vlanIds = 4096;

/** Commands to pktgen's files, gathered into statements of the language: what a device is told goes into its block. */
export class DeviceCommands {
  readonly #listener: Listener;
  readonly #items: Item[] = [];
  #body: Item[] = this.#items;
  /** Devices of the block under way to which more can be told: none runs yet. */
  #open = new Map<string, DeviceItem>();
  readonly #added: DeviceItem[] = [];
  /** Every `rate`, with the size that the kernel reckons with. */
  readonly #rated: { readonly device: DeviceItem; readonly at: Span; readonly size: string }[] = [];
  #comments: string[] = [];
  #background = false;

  constructor(listener: Listener) {
    this.#listener = listener;
  }

  comment(text: string): void {
    // The shell's own first line, and what the licence says of the script.
    if (!/^#!|SPDX-License-Identifier|^#\s*$/.test(text)) this.#comments.push(text.trimEnd());
  }

  /** The comments so far, which are about the script as a whole. */
  heading(): readonly string[] {
    return this.#takeComments();
  }

  /** All of it, with what the script left to pktgen's defaults written out. */
  finished(): readonly Item[] {
    this.#writeDelays();
    for (const { settings, at } of this.#added) {
      const tells = (word: string): boolean => settings.some((setting) => setting.word === word);
      const write = (word: string, values: string): void => {
        settings.push({ word, values: `${values} # pktgen's default`, comments: [], at });
      };
      if (!tells('dst_mac')) write('dst_mac', nobody);
      if (!tells('count')) write('count', defaultCount);
    }
    return this.#items;
  }

  loop(variable: string, range: string, at: Span, body: () => void): void {
    const comments = this.#takeComments();
    const [outer, open] = [this.#body, this.#open];
    const inner: Item[] = [];
    this.#body = inner;
    this.#open = new Map();
    body();
    this.#body = outer;
    this.#open = open;
    if (inner.length > 0) outer.push({ kind: 'for', variable, range, body: inner, comments, at });
  }

  print(text: Text, at: Span): void {
    this.#line(`print ${this.#string(text)}`, at);
  }

  wait(duration: string, at: Span): void {
    this.#line(`wait ${duration}`, at);
  }

  /** The shell's `wait`, for what was put into the background. */
  waited(at: Span): void {
    if (this.#background) this.#line('wait stopped', at);
    this.#background = false;
  }

  /** The end of a process; whether that was a `start` in the background. */
  killed(at: Span): boolean {
    if (!this.#background) return false;
    this.#background = false;
    this.#line('stop', at);
    return true;
  }

  show(file: Text, at: Span): void {
    const name = known(file);
    this.#line(`show ${name === 'pgctrl' || /^kpktgend_\d+$/.test(name ?? '') ? name : this.#name(file)}`, at);
  }

  /** One command to one of pktgen's files. */
  write(file: Text, command: Text, background: boolean, at: Span): void {
    const [word, value] = wordAndValue(command);
    const name = known(file);
    if (name === 'pgctrl') {
      this.#control(known(command), background, at);
      return;
    }
    const [first] = file;
    if (typeof first === 'string' && first.startsWith('kpktgend_')) {
      const cpu = [first.slice('kpktgend_'.length), ...file.slice(1)].filter((part) => part !== '');
      this.#thread(cpu, word, value, at);
      return;
    }
    if (word === null) {
      this.#listener.leave('its command is not known here', at);
      return;
    }
    if (word === 'clear_counters') {
      this.#line(`clear_counters ${this.#name(file)}`, at);
      return;
    }
    if (word === 'debug') {
      this.#listener.leave("it is about the kernel module's own log", at);
      return;
    }
    this.#set(file, word, value, at);
  }

  #control(command: string | null, background: boolean, at: Span): void {
    switch (command?.trim()) {
      case 'start':
        this.#open.clear();
        this.#line('start', at);
        this.#background = background;
        if (!background) this.#line('wait stopped', at);
        return;
      case 'stop':
        this.#background = false;
        this.#line('stop', at);
        return;
      case 'reset':
        // A scenario begins with no devices.
        if (this.#added.length > 0) this.#line('reset', at);
        this.#open.clear();
        return;
      default:
        this.#listener.leave('pgctrl knows `start`, `stop` and `reset`', at);
    }
  }

  #thread(cpu: Text, word: string | null, value: Text, at: Span): void {
    switch (word) {
      case 'rem_device_all':
        if (this.#added.length > 0 && this.#body === this.#items)
          this.#line(`rem_device_all on cpu ${this.#number(cpu)}`, at);
        this.#open.clear();
        return;
      case 'add_device': {
        const name = this.#name(value);
        const item: DeviceItem = {
          kind: 'device',
          name,
          cpu: this.#number(cpu),
          settings: [],
          comments: this.#takeComments(),
          at,
        };
        this.#body.push(item);
        this.#open.set(name, item);
        this.#added.push(item);
        return;
      }
      case 'max_before_softirq':
        this.#listener.leave('the kernel takes it and does nothing', at);
        return;
      default:
        this.#listener.leave('threads know `add_device` and `rem_device_all`', at);
    }
  }

  #set(file: Text, word: string, value: Text, at: Span): void {
    const name = this.#name(file);
    const device = this.#open.get(name) ?? this.#change(name, at);
    const number = Number(known(value) ?? Number.NaN);
    if ((word === 'vlan_id' || word === 'svlan_id') && number >= vlanIds) {
      const tags = word === 'vlan_id' ? /^s?vlan_/ : /^svlan_/;
      keep(device.settings, (setting) => !tags.test(setting.word));
      this.#listener.note('the kernel takes the tag off', at);
      return;
    }
    if (word === 'delay' && number === neverDelay) {
      this.#tell(device, 'rate', '0pps', at);
      return;
    }
    const result = translated(word, value, this.#listener.typed);
    if (!result.ok) {
      this.#listener.leave(result.why, at);
      return;
    }
    if (word === 'pkt_size' && device.cpu === null && this.#drawsSizes(name)) {
      this.#listener.leave('the kernel goes on to draw sizes by `imix_weights`', at);
      return;
    }
    if (result.note !== null) this.#listener.note(result.note, at);
    this.#tell(device, word, result.values, at);
    if (word === 'rate') this.#rated.push({ device, at, size: this.#smallestSize(device) });
  }

  #drawsSizes(name: string): boolean {
    const added = this.#added.findLast((device) => device.name === name);
    return added?.settings.some(({ word }) => word === 'imix_weights') ?? false;
  }

  /** What the kernel takes a device's frames to be when it turns a `rate` into a delay: `min_pkt_size`, 0 until it is told. */
  #smallestSize(device: DeviceItem): string {
    const added = this.#added.findLast(({ name }) => name === device.name);
    const told = (item: DeviceItem | undefined): string | undefined =>
      item?.settings.findLast(({ word }) => word === 'pkt_size' || word === 'min_pkt_size')?.values;
    return told(device) ?? told(added) ?? '0B';
  }

  /**
   * The kernel turns `rate` into a delay once, for the size of that moment, and counts a burst as one packet
   * (net/core/pktgen.c, pktgen_if_write); the language's follows the bytes that are sent. Where the two differ the delay is
   * written, if it is known.
   */
  #writeDelays(): void {
    for (const { device, at, size } of this.#rated) {
      const index = device.settings.findIndex((setting) => setting.word === 'rate' && setting.at === at);
      const rate = device.settings[index];
      if (rate === undefined) continue;
      const told = (word: string): string | undefined => device.settings.find((one) => one.word === word)?.values;
      const sizes = ['min_pkt_size', 'max_pkt_size', 'imix_weights'].some((word) => told(word) !== undefined);
      const same = device.cpu === null || (told('pkt_size') === size && !sizes && (told('burst') ?? '1') === '1');
      if (same) continue;
      const [bytes, megabits] = [/^(\d+)B$/.exec(size)?.[1], /^(\d+)Mbps$/.exec(rate.values)?.[1]];
      if (bytes === undefined || megabits === undefined) {
        this.#listener.note(
          `the kernel makes a delay of it once, for frames of ${size}, from packet to packet or burst`,
          at,
        );
        continue;
      }
      const delay = `${(BigInt(bytes) * 8n * 1000n) / BigInt(megabits)}ns`;
      this.#listener.note(`the kernel makes a delay of ${delay} of it, for frames of ${size}`, at);
      device.settings[index] = { ...rate, word: 'delay', values: delay };
    }
  }

  /** Adds a setting; what it takes the place of goes. */
  #tell(device: DeviceItem, word: string, values: string, at: Span): void {
    if (rangeEnds.includes(word)) splitSize(device.settings);
    // The kernel goes on to draw sizes by `imix_weights`; so does a device that is told both at once.
    const stays = word === 'pkt_size' ? 'imix_weights' : null;
    const gone = word === 'flag' ? [] : [word, ...(replaces[word] ?? [])].filter((other) => other !== stays);
    const flag = word === 'flag' ? values.replace('!', '') : null;
    keep(
      device.settings,
      (setting) =>
        !gone.includes(setting.word) && (setting.word !== 'flag' || setting.values.replace('!', '') !== flag),
    );
    device.settings.push({ word, values, comments: this.#takeComments(), at });
  }

  /** A `set` behind what was said last, for a device that was not added in this block, or runs. */
  #change(name: string, at: Span): DeviceItem {
    const last = this.#body.at(-1);
    if (last?.kind === 'device' && last.cpu === null && last.name === name) return last;
    const item: DeviceItem = { kind: 'device', name, cpu: null, settings: [], comments: [], at };
    this.#body.push(item);
    return item;
  }

  #line(text: string, at: Span): void {
    this.#body.push({ kind: 'line', text, comments: this.#takeComments(), at });
  }

  #takeComments(): readonly string[] {
    const comments = this.#comments;
    this.#comments = [];
    return comments;
  }

  #number(text: Text): string {
    const [only] = text;
    if (typeof only === 'object') this.#listener.typed(only, 'number');
    return typeof only === 'object' ? only.source : (only ?? '0');
  }

  /** A device's name: a word where it can be one. */
  #name(text: Text): string {
    const plain = known(text)?.trim() ?? null;
    if (plain !== null && /^[A-Za-z_]\w*(?:@\w+)?$/.test(plain)) return plain;
    return this.#string(plain === null ? text : written(plain));
  }

  #string(text: Text): string {
    const parts = text.map((part) => {
      if (typeof part === 'string') return part.replaceAll(/["\\$]/g, '\\$&').replaceAll(/\s+/g, ' ');
      this.#listener.typed(part, 'string');
      return `\${${part.source}}`;
    });
    return `"${parts.join('')}"`;
  }
}

/** `name value`, as the kernel splits them. */
function wordAndValue(command: Text): readonly [string | null, Text] {
  const [first, ...rest] = command;
  if (typeof first !== 'string') return [null, []];
  const [, word = '', value = ''] = /^[\s=]*([^\s=]*)[\s=]*(.*)$/s.exec(first) ?? [];
  const behind = rest.length === 0 ? value.trimEnd() : value;
  return [word === '' ? null : word, [...(behind === '' ? [] : [behind]), ...rest]];
}

/** In pktgen `pkt_size` is both ends of a range. */
function splitSize(settings: Setting[]): void {
  const size = settings.find(({ word }) => word === 'pkt_size');
  if (size === undefined) return;
  keep(settings, (setting) => setting !== size);
  for (const word of rangeEnds) settings.push({ ...size, word, comments: word === rangeEnds[0] ? size.comments : [] });
}

function keep(settings: Setting[], wanted: (setting: Setting) => boolean): void {
  settings.splice(0, settings.length, ...settings.filter(wanted));
}
