import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

type Collector = (options?: { type: 'minor' }) => void;

/** Made when it is first wanted. */
let known: Collector | undefined;

function collector(): Collector {
  setFlagsFromString('--expose-gc');
  known ??= runInNewContext('globalThis.gc') as Collector;
  return known;
}

/** Collects what is new in this thread and already unused. */
export function collectNew(): void {
  collector()({ type: 'minor' });
}

/** Bytes of tensors and files in memory that a thread may hold beyond those that the last collection left. */
const MOST_BYTES = 2 ** 24;
let left = 0;

/**
 * Collects everything unused in this thread, where the memory of tensors has grown since the last time: V8 sees small objects, not the memory behind them,
 * and lets some hundred megabytes of it pile up.
 */
export function collectTensors(): void {
  if (process.memoryUsage().arrayBuffers < left + MOST_BYTES) return;
  collector()();
  left = process.memoryUsage().arrayBuffers;
}
