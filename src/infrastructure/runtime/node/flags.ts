/** What a worker is started with. */
export interface WorkerData {
  /** Two 32-bit flags that both threads see, at the indices below. */
  readonly flags: Int32Array;
}

/** Set by the main thread: nothing that is queued may start any more. */
export const STOP = 0;
/** Set by the worker while it is inside the runtime's native code, where a thread must not be terminated. */
export const BUSY = 1;

/** Told to a worker that is to end after what it does now. */
export const END = 'end';
