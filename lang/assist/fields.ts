// SPDX-License-Identifier: Apache-2.0

import { type Fallback, type ProtocolField, protocols } from '../frame/protocols.ts';
import { formatAddress } from '../syntax/addresses.ts';
import { assertNever } from '../types.ts';

/** A field of a layer with one line of help. */
export interface FieldHelp {
  readonly name: string;
  readonly help: string;
  readonly field: ProtocolField;
}

/** The fields of a layer in table order; none where there is no such layer. */
export function fieldsOf(layer: string): readonly FieldHelp[] {
  const fields = protocols.get(layer)?.fields ?? [];
  return fields.map((field) => ({ name: field.name, help: fieldHelp(field), field }));
}

/** What a field takes and what it holds unless it is written. */
export function fieldHelp(field: ProtocolField): string {
  const kind = field.type === 'number' ? `${field.bits} bits` : field.type === 'bytes' ? 'text or hex' : field.type;
  return `${kind}; unless written: ${fallbackText(field)}`;
}

function fallbackText(field: ProtocolField): string {
  const { fallback } = field;
  switch (fallback.kind) {
    case 'value':
      return valueText(field, fallback);
    case 'absent':
      return 'left out';
    case 'source mac':
      return "the sending interface's address";
    case 'peer mac':
      return "the lab peer's address";
    case 'next':
      return 'the number of the layer above';
    case 'length':
    case 'header length':
      return 'the length';
    case 'bottom':
      return '1 at the bottom of the stack';
    case 'presence':
      return `1 where \`${fallback.field}\` is written`;
    case 'checksum':
      return 'the checksum';
    default:
      return assertNever(fallback);
  }
}

function valueText(field: ProtocolField, { value }: Fallback & { readonly kind: 'value' }): string {
  if (field.type === 'ipv6') return formatAddress('ipv6', value.toString(16).padStart(32, '0'));
  if (field.type === 'mac' || field.type === 'ipv4') return formatAddress(field.type, Number(value));
  const word = Object.entries(field.words ?? {}).find(([, number]) => number === value)?.[0];
  if (word !== undefined) return `"${word}"`;
  return field.hexadecimal ? `0x${value.toString(16)}` : String(value);
}
