// SPDX-License-Identifier: Apache-2.0

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './requirements.ts';

/** The recordings of the kernel's pktgen (test/fixtures/kernel-6.1/README.md), and its commands in our words. */

const folder = join(root, 'test/fixtures/kernel-6.1');

export const caseNames: readonly string[] = readdirSync(folder)
  .flatMap((name) => (name.endsWith('.pcap') ? [name.replace('.pcap', '')] : []))
  .sort();

/** What every case begins with; v0 had this address. */
const preamble = ['dst_mac 02:00:00:00:00:0b', 'dst 10.0.0.2', 'src_min 10.0.0.1', 'src_mac 02:00:00:00:00:0a'];

/** A command of a case and how the kernel answered: the last line of the device file right after it. */
export interface Answered {
  readonly command: string;
  readonly taken: boolean;
  readonly answer: string;
}

/** The text files of a case after its run, and its commands. */
export interface RecordedText {
  readonly commands: readonly Answered[];
  readonly device: string;
  readonly thread: string;
}

export function recordedText(name: string): RecordedText {
  const text = readFileSync(join(folder, `${name}.txt`), 'utf8');
  const commands = [...text.matchAll(/^> (.*) -> rc=(\d+) .*?\| ?(.*)$/gm)].map(([, command, status, answer]) => {
    return { command: command as string, taken: status === '0', answer: answer as string };
  });
  const [, device = '', thread = ''] = /=== device\n(.*)=== thread\n(.*)$/s.exec(text) ?? [];
  return { commands, device: device.trimEnd(), thread: thread.trimEnd() };
}

/** The commands of a case that the kernel took. */
export function commands(name: string): readonly string[] {
  return recordedText(name).commands.flatMap(({ command, taken }) => (taken ? [command] : []));
}

/** Of the commands that the kernel takes, those that mean nothing. */
const meaningless = ['count abc', 'flag NOSUCH', 'dst 10.0.0.300'];
export const meant = (name: string): readonly string[] =>
  commands(name).filter((command) => !meaningless.includes(command));

const sizes = ['pkt_size', 'min_pkt_size', 'max_pkt_size'];
const units: Readonly<Record<string, (value: string) => string>> = {
  ...Object.fromEntries(sizes.map((word) => [word, (value: string) => `${value}B`])),
  delay: (value) => `${value}ns`,
  rate: (value) => `${value}Mbps`,
  ratep: (value) => `${value}pps`,
  tos: (value) => `0x${value}`,
  mpls: (value) => value.replaceAll(/\w+/g, '0x$&').replaceAll(',', ', '),
  imix_weights: (value) =>
    value.replaceAll(/(\d+),(\d+)( ?)/g, (_, size, weight, more) => `${size}B:${weight}${more && ', '}`),
};

/** A command as a setting: with its unit. */
export function setting(command: string): string {
  const [word = '', ...rest] = command.split(' ');
  const value = rest.join(' ');
  return `${word} ${units[word]?.(value) ?? value}`;
}

/** Our settings for kernel commands: what a later command replaces is not said twice. */
export function settings(taken: readonly string[]): readonly string[] {
  const told = new Map<string, string>();
  const flags: string[] = [];
  for (const command of [...preamble, ...taken]) {
    const [word = ''] = command.split(' ');
    if (word === 'flag') flags.push(command);
    else told.set(word, setting(command));
    if (word === 'dst_min') told.delete('dst');
    if (word === 'dst6') for (const ipv4 of ['dst', 'src_min']) told.delete(ipv4);
    if (word.endsWith('_pkt_size')) told.delete('pkt_size');
  }
  return [...told.values(), ...flags];
}

const magic = 'be9be955';

/** pktgen's frames in a capture (pcap, 24 bytes of header and 16 for each frame, little-endian). */
export function pktgenFrames(capture: Buffer): readonly Buffer[] {
  const frames: Buffer[] = [];
  for (let at = 24; at < capture.length; ) {
    const length = capture.readUInt32LE(at + 8);
    frames.push(capture.subarray(at + 16, at + 16 + length));
    at += 16 + length;
  }
  return frames.filter((frame) => frame.toString('hex').includes(magic));
}

/** The frames that were recorded of a case. */
export function recorded(name: string): readonly Buffer[] {
  return pktgenFrames(readFileSync(join(folder, `${name}.pcap`)));
}

/** Bytes of a frame. */
export interface Field {
  readonly offset: number;
  readonly bytes: number;
}

/** A frame with some bytes as zeros; the times of the header always, since they were the recording's. */
export function masked(frame: Uint8Array, fields: readonly Field[] = []): string {
  const bytes = Buffer.from(frame);
  const header = bytes.indexOf(Buffer.from(magic, 'hex'));
  bytes.fill(0, header + 8, header + 16);
  for (const { offset, bytes: width } of fields) bytes.fill(0, offset, offset + width);
  return bytes.toString('hex');
}
