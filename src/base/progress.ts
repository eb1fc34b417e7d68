/** One report of a long task. `done` and `total` are in the task's own unit (steps, samples, trials); total is absent where unknown. */
export interface ProgressEvent {
  /** What is being done, e.g. "train", "calibrate"; a path for nested work, e.g. "optimize/trial 3/train". */
  task: string;
  done: number;
  total?: number;
  /** Short facts worth seeing now, e.g. { loss: 0.31, accuracy: 0.92 }. */
  facts?: Record<string, number | string>;
  /** Seconds that are likely left, where that is known better than from the pace of `done`. */
  secondsLeft?: number;
  /** Set where an epoch of a training has just ended: its number from 1, the mean loss, and the validation quality where it was measured. */
  epoch?: { readonly epoch: number; readonly loss: number; readonly quality?: number };
  /** Who does it, where that is another process; `isIdle` where it has ended what it did. */
  worker?: { readonly name: string; readonly isIdle?: boolean };
}

/** Whatever wants to see progress: the terminal, a journal, a web page. */
export type ProgressListener = (event: ProgressEvent) => void;

/**
 * What long work is handed: where to report and when to stop. Every public function that may take over two seconds takes one.
 */
export interface Activity {
  onProgress?: ProgressListener;
  /** Aborting stops the work at its next step; it rejects with `Stopped` and keeps what is done. */
  signal?: AbortSignal;
  /** One line of explanation or warning for a person. */
  onMessage?: (message: Message) => void;
}

export interface Message {
  level: 'info' | 'warning';
  text: string;
}

/** Resolves once a signal is aborted. */
export function whenAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** The same activity, its tasks prefixed with `name/`. */
export function nested(activity: Activity | undefined, name: string): Activity {
  if (!activity?.onProgress) return { ...activity };
  const { onProgress } = activity;
  return { ...activity, onProgress: (event) => onProgress({ ...event, task: `${name}/${event.task}` }) };
}
