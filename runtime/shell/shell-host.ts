// SPDX-License-Identifier: Apache-2.0

import type { OfferedEngine } from '../commands/open-engine.ts';
import type { Output } from '../report/output.ts';
import type { Palette } from '../report/palette.ts';
import type { ShellSession } from './shell-session.ts';

/** What a command may do to the shell that it is given in. */
export interface ShellHost {
  readonly session: ShellSession;
  readonly output: Output;
  readonly palette: Palette;
  /** Writes lines. */
  say(text: string): void;
  /** Says what is wrong, and the mend. */
  complain(message: string, hint?: string): void;
  /** Carries out a text under the name of a file; `settings`, `name=value`, are for its parameters. */
  enter(name: string, text: string, settings: readonly string[]): Promise<void>;
  /** Begins a new session on an engine. */
  restart(engine: OfferedEngine): Promise<void>;
  /** Whether each statement's time is told. */
  timed: boolean;
  leave(): void;
  /** Is aborted by Ctrl-C. */
  stopped(): AbortSignal;
}
