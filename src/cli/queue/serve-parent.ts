import { type ProgressEvent, Stopped } from '../../base/index.js';
import { type PerformJob, ProgressBatch } from '../../strategies/index.js';
import type { CommandContext } from '../context.js';
import type { FromRun, ToRun } from './messages.js';

/** Milliseconds between reports of progress. */
const EVERY = 1000;

/** Does what the process that started this one asks for, one job at a time, until that is gone. */
export async function serveParent(perform: PerformJob, { activity, output }: CommandContext): Promise<void> {
  const say = (message: FromRun) => process.send?.(message);
  let work: AbortController | undefined;
  const gone = new Promise<void>((resolve) => process.once('disconnect', resolve));
  process.on('message', async (message: ToRun) => {
    if ('stop' in message) {
      work?.abort();
      return;
    }
    work = new AbortController();
    const signal = activity.signal ? AbortSignal.any([activity.signal, work.signal]) : work.signal;
    const batch = new ProgressBatch();
    const tell = () => {
      const progress = batch.take();
      if (progress) say({ progress });
    };
    const timer = setInterval(tell, EVERY);
    try {
      let isFirst = true;
      const onProgress = (event: ProgressEvent) => {
        batch.add(event);
        // What is being done is known at once, how far it is once in a while.
        if (isFirst) tell();
        isFirst = false;
      };
      const onQuality = (quality: number) => batch.addQuality(quality);
      const result = await perform(message.job, { onMessage: output.message, onProgress, onQuality, signal });
      tell();
      say({ result });
    } catch (error) {
      const { name, message: text } = error instanceof Error ? error : new Stopped(String(error));
      say({ failed: { name, message: text } });
    } finally {
      clearInterval(timer);
      work = undefined;
    }
  });
  say({ ready: true });
  await gone;
}
