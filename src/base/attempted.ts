import { EspalierError, Stopped } from './errors.js';

/**
 * What comes of some work, or what `otherwise` makes of an error of Espalier's own. All other errors are faults, and a stop is meant: both go on to the
 * caller.
 */
export async function attempted<T, U>(work: () => T | Promise<T>, otherwise: (error: EspalierError) => U): Promise<T | U> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof EspalierError) || error instanceof Stopped) throw error;
    return otherwise(error);
  }
}
