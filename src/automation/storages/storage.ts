import type { Json } from '../json.js';

/** One line of a journal. */
export interface JournalRecord {
  readonly kind: string;
  readonly data: Json;
}

/** A journal: records are added and never changed. */
export interface Storage {
  /** Every record in order: those found on opening and those added since. */
  records(): readonly JournalRecord[];
  /**
   * Adds a record; once the promise resolves it survives the end of the process. Records are kept in the order of the calls.
   * @throws OptionError for data that is not plain JSON (NaN, functions, …); EspalierError when it cannot be written or is closed.
   */
  record(kind: string, data: unknown): Promise<void>;
  /** Waits for what is being written and lets go of the journal. Doing it twice is fine. */
  close(): Promise<void>;
}
