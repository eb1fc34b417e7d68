import type { ProgressEvent } from '../base/index.js';
import type { AnyMetric } from '../metrics/index.js';
import { slowInput } from './input-clock.js';
import type { EpochRecord } from './request.js';

/** What is said of an epoch that is over. @param epochs of the whole training. @param steps of an epoch. @param waiting share of the time that was waited for input. */
export function epochProgress(
  { epoch, loss, quality }: EpochRecord,
  { epochs, steps, waiting, metric }: { epochs: number; steps: number; waiting: number; metric: AnyMetric },
): ProgressEvent {
  const measured = quality !== undefined;
  const facts = { epoch, loss, ...(measured && { [metric.name]: quality }), ...slowInput(waiting) };
  return { task: 'train', done: epoch * steps, total: epochs * steps, facts, epoch: { epoch, loss, ...(measured && { quality }) } };
}
