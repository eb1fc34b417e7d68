import { Stopped } from '../../base/index.js';
import type { PerformJob } from '../../strategies/index.js';
import type { CommandContext } from '../context.js';
import type { FromRun, ToRun } from './messages.js';

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
    try {
      say({ result: await perform(message.job, { onMessage: output.message, signal }) });
    } catch (error) {
      const { name, message: text } = error instanceof Error ? error : new Stopped(String(error));
      say({ failed: { name, message: text } });
    } finally {
      work = undefined;
    }
  });
  say({ ready: true });
  await gone;
}
