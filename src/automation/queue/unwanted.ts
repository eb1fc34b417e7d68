import { Stopped, whenAborted } from '../../base/index.js';

/** Why a job ended for which nobody waited any more. */
export const UNWANTED = 'Nobody waits for the job any more';

/** What is thrown where whoever waits for a job no longer does. */
export function nobodyWaits(): Stopped {
  return new Stopped(UNWANTED);
}

/** What comes of a job. @throws Stopped as soon as aborted. */
export function unlessAborted<T>(result: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return result;
  const stopped = whenAborted(signal).then(() => Promise.reject(nobodyWaits()));
  return Promise.race([result, stopped]);
}
