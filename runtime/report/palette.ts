// SPDX-License-Identifier: Apache-2.0

/** What a colour is used for; the terminal's own theme decides how it looks. */
export interface Palette {
  readonly error: (text: string) => string;
  readonly warning: (text: string) => string;
  readonly good: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly strong: (text: string) => string;
  readonly accent: (text: string) => string;
}

const plain = (text: string): string => text;

export const plainPalette: Palette = {
  error: plain,
  warning: plain,
  good: plain,
  dim: plain,
  strong: plain,
  accent: plain,
};

/**
 * Whether a stream gets colours. `asked` is `--color` (true) or `--no-color` (false), null if neither was given; it wins
 * over the environment: `NO_COLOR` (no-color.org: any value but the empty one), `TERM=dumb`, and streams that are no
 * terminal.
 */
export function wantsColour(
  asked: boolean | null,
  terminal: boolean,
  environment: Readonly<Record<string, string | undefined>>,
): boolean {
  if (asked !== null) return asked;
  if ((environment.NO_COLOR ?? '') !== '' || environment.TERM === 'dumb') return false;
  return terminal;
}

/** The palette of a stream. chalk is loaded only where colours are wanted, and never asked for its own opinion. */
export async function paletteFor(colour: boolean): Promise<Palette> {
  if (!colour) return plainPalette;
  const { Chalk } = await import('chalk');
  // Level 1, the 16 colours: meaning needs no more, and every terminal has them.
  const chalk = new Chalk({ level: 1 });
  return {
    error: (text) => chalk.bold.red(text),
    warning: (text) => chalk.bold.yellow(text),
    good: (text) => chalk.green(text),
    dim: (text) => chalk.dim(text),
    strong: (text) => chalk.bold(text),
    accent: (text) => chalk.cyan(text),
  };
}
