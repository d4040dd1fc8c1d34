// SPDX-License-Identifier: Apache-2.0

import { type Engine, EngineError, type EngineName } from '../engine.ts';
import { type Refusal, refusal } from '../refusal.ts';

export type Opened = { readonly ok: true; readonly engine: Engine } | { readonly ok: false; readonly refusal: Refusal };

/** Engines that `--engine` names. */
export type OfferedEngine = Exclude<EngineName, 'kernel'>;

/**
 * Loads an engine. The addon is asked for only here, so that everything that needs no senders works without it; where it
 * is missing or cannot be loaded, that is a refusal with exit status 4.
 */
export async function openEngine(name: OfferedEngine): Promise<Opened> {
  if (name === 'dry-run') {
    const { dryRunEngine } = await import('../engines/dry-run.ts');
    return { ok: true, engine: dryRunEngine({ recorded: false }) };
  }
  const { nativeEngine } = await import('../engines/native.ts');
  try {
    return { ok: true, engine: nativeEngine() };
  } catch (error) {
    // The loader speaks by plain Errors; anything else (a TypeError) is a defect of ours.
    if (!(error instanceof EngineError) && !(error instanceof Error && error.name === 'Error')) throw error;
    const [reason = ''] = error.message.split('\n');
    const mend = error instanceof EngineError ? error.mend : null;
    return { ok: false, refusal: refusal(4, reasonOf(error, reason), mend ?? withoutSenders) };
  }
}

const withoutSenders = '`pktsh check`, `pktsh plan` and `--engine dry-run` work without the senders';

function reasonOf(error: Error, reason: string): string {
  const unloadable = 'code' in error && error.code === 'ERR_DLOPEN_FAILED';
  return unloadable ? `the native addon cannot be loaded (${reason}): run \`npm run setup\`` : reason;
}
