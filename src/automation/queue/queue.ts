import type { Json } from '../json.js';

/** A piece of work as plain JSON. Doing it twice gives the same. */
export interface Job {
  /** Names what comes of it: two jobs of one id are one. Letters, digits, "-", "_" and "." */
  readonly id: string;
  /** Whom it is for: those that wait share what takes jobs evenly. */
  readonly run: string;
  readonly data: Json;
}

export interface WaitOptions {
  signal?: AbortSignal;
  onProgress?: (progress: Json) => void;
}

/** Where jobs are posted. */
export interface JobQueue {
  /** What messages call it. */
  readonly name: string;
  /**
   * Posts a job, unless one of its id was, and waits for what comes of it. The first result counts, and is kept for whoever asks later.
   * @param options.onProgress what whoever does it tells meanwhile; some of that may be lost.
   * @throws ResourceError where those that took it failed again and again; Stopped when aborted: where nobody else waits for the job here, it is taken back, and whoever does it
   * is told to give it up. Posted again, it is done anew.
   */
  result(job: Job, options?: WaitOptions): Promise<Json>;
  /** Lets go of the connection; jobs stay. */
  close(): Promise<void>;
}

/**
 * Does a job, and tells meanwhile how far it is. What it throws counts as a fault of the machine, and another one gets the job, but where it was aborted: the job is handed back, or
 * nobody waits for it any more.
 */
export type Work = (job: Job, signal: AbortSignal, tell: (progress: Json) => void) => Promise<Json>;

/** Where jobs are taken. */
export interface JobSource {
  /**
   * Takes jobs, one at a time, until aborted: then it takes no more, and ends when what it does is done.
   * @param options.stop begins the end. @param options.handBack what is being done is given up, and goes to another.
   */
  serve(work: Work, options: { stop: AbortSignal; handBack: AbortSignal }): Promise<void>;
}
