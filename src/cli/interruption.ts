/** Exit code of what Ctrl-C stopped. */
export const INTERRUPTED = 130;

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/**
 * Ctrl-C and SIGTERM. Before anything listens a signal ends the process at once, whatever it is busy with. Then a first one asks the work to stop at
 * its next step and to keep what is done, and a second one ends the process at once, also while a runtime's thread is inside native code.
 */
export class Interruption {
  readonly #controller = new AbortController();
  #listens = false;

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** From now on there is something to stop. May be called again. */
  listen(): void {
    if (this.#listens) return;
    this.#listens = true;
    for (const name of SIGNALS) process.on(name, this.#hear);
  }

  /** The command has ended. After a first Ctrl-C the process is about to end; another one must still end it. */
  end(): void {
    if (!this.signal.aborted) this.#forget();
  }

  readonly #hear = (name: NodeJS.Signals) => {
    if (this.signal.aborted) {
      // Without a listener the system ends the process; process.exit would wait for threads.
      this.#forget();
      process.kill(process.pid, name);
      return;
    }
    process.stderr.write('\nStopping. Press Ctrl-C again to stop at once.\n');
    this.#controller.abort();
  };

  #forget(): void {
    for (const name of SIGNALS) process.off(name, this.#hear);
    this.#listens = false;
  }
}
