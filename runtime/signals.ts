// SPDX-License-Identifier: Apache-2.0

/** Exit status of an interrupted run, for SIGTERM too: 128 + SIGINT. */
export const interruptedStatus = 130;

/** What signals and the end of the process act on; `closeNow` is the engine's synchronous last resort. */
export interface Interruptible {
  readonly signal: AbortSignal;
  /** Names what must not outlive the process from now on. */
  guard(closeNow: () => void): void;
  /** Takes the handlers away again. */
  release(): void;
}

/**
 * The first SIGINT, SIGTERM or SIGHUP aborts `signal`: the run stops cleanly and gives its results so far. A second one
 * closes the engine at once and exits. `process.exit` and uncaught errors run no destructor of an addon, so whatever was
 * guarded is closed on the exit of the process too.
 */
export function handleSignals(): Interruptible {
  const controller = new AbortController();
  let closeNow: () => void = () => {};
  const onSignal = (): void => {
    if (controller.signal.aborted) process.exit(interruptedStatus);
    controller.abort();
  };
  const onExit = (): void => closeNow();
  const names = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const name of names) process.on(name, onSignal);
  process.on('exit', onExit);
  return {
    signal: controller.signal,
    guard: (close) => {
      closeNow = close;
    },
    release: () => {
      for (const name of names) process.off(name, onSignal);
      process.off('exit', onExit);
    },
  };
}
