import { CommanderError } from 'commander';
import { EspalierError, OptionError, Stopped } from '../base/index.js';
import { flagName } from './flag-name.js';
import { INTERRUPTED } from './interruption.js';

/** Exit codes: 0 done, 1 failed, 2 used wrongly, 130 stopped by Ctrl-C (see interruption.ts). */
export const FAILED = 1;
export const MISUSED = 2;

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
    const { name, expected, got } = error;
    const [message, what, where, fix] = [error.message, error.what, error.where, error.fix].map((text) => text && inFlags(text));
    const code = error instanceof OptionError ? MISUSED : error instanceof Stopped ? INTERRUPTED : FAILED;
    return { code, text: `error: ${message}`, error: { name, message, what, where, expected, got, fix } };
  }
  if (isOutOfMemory(error)) {
    const text = outOfMemory(error);
    return { code: FAILED, text: `error: ${text}`, error: { name: 'ResourceError', message: text } };
  }
  const message = error instanceof Error ? error.message : String(error);
  const text = `error: ${message}. This is a defect of Espalier; --verbose shows where it happened.`;
  return { code: FAILED, text, error: { name: 'Defect', message } };
}

/** What functions call their options, as the command line does. */
function inFlags(text: string): string {
  return text
    .replace(/(technique "[^"]*", |^|(?<=: ))option "([a-z]\w*)"/gi, (_, before, option) => `${before}--${flagName(option)}`)
    .replace(/Give (?:its shape in `inputShapes`|sizes in `bindings`), or give feeds/, 'Give its shape, as in --shape "NAME=1x3x224x224"');
}

/** What JavaScript throws where an array, a buffer or a text would be longer than there is memory or the language allows. */
function isOutOfMemory(error: unknown): error is Error {
  const code = (error as NodeJS.ErrnoException)?.code;
  if (code === 'ERR_BUFFER_TOO_LARGE' || code === 'ERR_STRING_TOO_LONG' || code === 'ERR_MEMORY_ALLOCATION_FAILED') return true;
  return error instanceof RangeError && /allocation|array length|string length|typed array|buffer/i.test(error.message);
}

function outOfMemory({ message }: Error): string {
  return `The work does not fit into memory (${message}). A file may be damaged, or ask for more than this machine has; smaller batches (--limit, --samples) need less.`;
}
