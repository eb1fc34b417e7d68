import { fork } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { RuntimeError, Stopped } from '../../../base/index.js';
import type { Runtime, Tensors } from '../../runtime/index.js';
import type { Serving } from '../serving.js';
import { measureServing } from './serving.js';
import { type Answer, type Order, packed } from './serving-order.js';

export interface ApartOptions {
  feeds: Tensors;
  /** As of `measureServing`. */
  options: Order['options'];
  signal?: AbortSignal;
  /** Serves in this process where there is no file to start another with, as in a bundle: memory that was freed here before hides growth then. */
  runtime: Runtime;
}

/**
 * `measureServing` in a process of its own: in one that did other things before, memory that was freed and is taken again does not show.
 * @param path of the model's file.
 * @throws OptionError, RuntimeError; Stopped when aborted.
 */
export async function measureServingApart(path: string, { feeds, options, signal, runtime }: ApartOptions): Promise<Serving[]> {
  const script = fileURLToPath(new URL('./serving-process.js', import.meta.url));
  if (!existsSync(script)) return measureServing(runtime, { path }, { ...options, feeds, signal });
  const answer = await ask(script, { path, feeds: packed(feeds), options }, signal);
  if ('serving' in answer) return answer.serving;
  throw new RuntimeError({ what: `The model cannot be served (${answer.message})`, where: path });
}

async function ask(script: string, order: Order, signal: AbortSignal | undefined): Promise<Answer> {
  if (signal?.aborted) throw new Stopped('Serving was stopped');
  const child = fork(script, { serialization: 'advanced', execArgv: [], stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  const stop = () => child.kill();
  signal?.addEventListener('abort', stop, { once: true });
  try {
    return await new Promise<Answer>((resolve, reject) => {
      child.once('message', (answer) => resolve(answer as Answer));
      child.once('error', reject);
      child.once('exit', (code, killer) => {
        if (signal?.aborted) reject(new Stopped('Serving was stopped'));
        else
          reject(
            new RuntimeError({ what: `The process that serves a model ended before it answered (${killer ?? code})`, where: order.path }),
          );
      });
      child.send(order);
    });
  } finally {
    signal?.removeEventListener('abort', stop);
  }
}
