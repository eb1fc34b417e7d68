/**
 * A value as the journal keeps it, without what is undefined, so that the run that made it goes on with the very same as one that finds it there. A number
 * that is not finite becomes null.
 */
export function journaled<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}
