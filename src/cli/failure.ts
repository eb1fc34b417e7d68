import { CommanderError } from 'commander';
import { EspalierError, OptionError } from '../base/index.js';

/** Exit codes: 0 done, 1 failed, 2 used wrongly, 130 stopped by Ctrl-C. */
export const FAILED = 1;
export const MISUSED = 2;
export const INTERRUPTED = 130;

/** A command that did not end well. */
export interface Failure {
  readonly code: number;
  /** One paragraph for stderr; undefined where it has been said. */
  readonly text?: string;
  /** What a JSON document says of it. */
  readonly error: Readonly<Record<string, unknown>>;
}

export interface Circumstances {
  /** Whether Ctrl-C was pressed. */
  readonly interrupted: boolean;
  /** Where unfinished work is kept. */
  readonly kept?: string;
}

/** @returns undefined for help and version, which end a command line early, but well. */
export function failureOf(error: unknown, { interrupted, kept }: Circumstances): Failure | undefined {
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return undefined;
    return { code: MISUSED, error: { name: 'UsageError', message: error.message.replace(/^error: /, '') } };
  }
  if (interrupted) {
    const text = kept ? `Stopped. What is done is kept in ${kept}: the same command goes on from there.` : 'Stopped.';
    return { code: INTERRUPTED, text, error: { name: 'Stopped', message: text, kept } };
  }
  if (error instanceof EspalierError) {
    const { name, message, what, where, expected, got, fix } = error;
    const code = error instanceof OptionError ? MISUSED : FAILED;
    return { code, text: `error: ${message}`, error: { name, message, what, where, expected, got, fix } };
  }
  const message = error instanceof Error ? error.message : String(error);
  const text = `error: ${message}. This is a defect of Espalier; --verbose shows where it happened.`;
  return { code: FAILED, text, error: { name: 'Defect', message } };
}
