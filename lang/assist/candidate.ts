// SPDX-License-Identifier: Apache-2.0

export type CompletionKind =
  | 'keyword'
  | 'parameter'
  | 'word'
  | 'field'
  | 'layer'
  | 'unit'
  | 'type'
  | 'variable'
  | 'frame'
  | 'function'
  | 'module'
  | 'device'
  | 'receiver'
  | 'interface'
  | 'metric'
  | 'fact';

/** What may be written at a place. */
export interface Completion {
  readonly label: string;
  readonly kind: CompletionKind;
  /** One line. */
  readonly help: string;
  /** Lower ones are likelier; equal ones go by the alphabet. */
  readonly rank: number;
}

/** Likeliness of completions: what the place asks for, what else fits, what only goes on. */
export const rank = { wanted: 0, fitting: 1, other: 2 } as const;
