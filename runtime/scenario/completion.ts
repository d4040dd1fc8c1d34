// SPDX-License-Identifier: Apache-2.0

import type { Diagnostic } from '../../lang/diagnostics/diagnostic.ts';
import { diagnosticFrom, type Failure } from '../../lang/diagnostics/failure.ts';
import type { Span } from '../../lang/source.ts';
import type { Value } from '../../lang/value.ts';
import { report } from '../catalogue.ts';
import { EngineError } from '../engine.ts';

/**
 * Why a scenario stops. `error` and `unsuitable` are failed operations, which `try` tolerates; `failed` is a condition
 * that did not hold (a timed-out wait, `abort when`) and ends the scenario from anywhere.
 */
export interface Failed {
  readonly kind: 'failed';
  readonly verdict: 'error' | 'unsuitable' | 'failed';
  readonly diagnostic: Diagnostic;
}

/** How an operation, a body or a job came to its end; `ended`: it was cancelled, or the scenario is over. */
export type Completion = 'done' | 'break' | 'continue' | 'ended' | Returned | Failed;

/** A `return` on its way to the call; null where it gives no value. */
export interface Returned {
  readonly kind: 'returned';
  readonly value: Value | null;
}

/** What an operation gives, or why it failed. */
export type Result<T> = { readonly ok: true; readonly value: T } | Refused;
export interface Refused {
  readonly ok: false;
  readonly failed: Failed;
}

export const ok = <T>(value: T): Result<T> => ({ ok: true, value });

export function refused(diagnostic: Diagnostic, verdict: Failed['verdict'] = 'error'): Refused {
  return { ok: false, failed: { kind: 'failed', verdict, diagnostic } };
}

/** A failure that evaluation or assembly met, as a failed operation. */
export function refusedBy(failure: Failure): Refused {
  return refused(diagnosticFrom(failure));
}

/**
 * Errors that blame the machine rather than the script, where an engine reports them: missing rights (EPERM, EACCES),
 * interfaces (ENODEV, ENXIO, ENETDOWN), features (ENOSYS and the "not supported" family), resources (EMFILE, ENFILE,
 * ENOMEM, ENOSPC of namespaces, EUSERS). Everything else is a mistake of the script, such as EINVAL and EBUSY.
 */
const machineErrors: ReadonlySet<string> = new Set([
  'EPERM',
  'EACCES',
  'ENODEV',
  'ENXIO',
  'ENETDOWN',
  'ENOSYS',
  'EOPNOTSUPP',
  'ENOTSUP',
  'EAFNOSUPPORT',
  'EPROTONOSUPPORT',
  'EMFILE',
  'ENFILE',
  'ENOMEM',
  'ENOSPC',
  'EUSERS',
]);

/** Waits for an engine's call; a refusal becomes a failed operation, anything else thrown is a defect and goes on up. */
export async function settled<T>(call: Promise<T>, what: string, span: Span): Promise<Result<T>> {
  try {
    return ok(await call);
  } catch (error) {
    return engineRefusal(error, what, span);
  }
}

/** The failed operation behind an engine's refusal. @throws whatever is no EngineError */
export function engineRefusal(error: unknown, what: string, span: Span): Refused {
  if (!(error instanceof EngineError)) throw error;
  const hints = error.mend === null ? [] : [error.mend];
  const diagnostic = report('PG6005', { what, message: error.message, code: error.code }, span, { hints });
  return refused(diagnostic, machineErrors.has(error.code) ? 'unsuitable' : 'error');
}
