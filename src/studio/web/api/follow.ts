import type { LiveRun } from '../../../strategies/index.js';
import { merged } from '../../view/index.js';
import { ApiFailure, api, runAddress } from './client.js';
import { readers } from './shapes.js';

/** How a page stands to what it follows. */
export type Connection = 'connecting' | 'live' | 'lost' | 'gone';

export interface Followed {
  readonly run?: LiveRun;
  readonly connection: Connection;
  /** Why there is nothing to follow, where trying again would not help. */
  readonly failure?: ApiFailure;
}

/** Milliseconds until the next attempt: longer after each that failed. */
const PAUSES = [500, 1000, 2000, 5000, 10_000];

/**
 * Follows a run until it is told to stop: the whole of it first, then changes; what is lost is tried again, and starts with the whole again.
 * @returns a function that stops it.
 */
export function followRun(id: string, tell: (followed: Followed) => void): () => void {
  let source: EventSource | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let run: LiveRun | undefined;
  let failures = 0;
  let isOver = false;

  const say = (connection: Connection, failure?: ApiFailure) => {
    if (!isOver) tell({ run, connection, failure });
  };
  /** What cannot be read would not be read the next time. */
  const take = (read: () => LiveRun | undefined) => {
    try {
      run = read();
      failures = 0;
      say('live');
    } catch (error) {
      source?.close();
      say('lost', new ApiFailure(0, error instanceof Error ? error.message : String(error)));
    }
  };
  const open = () => {
    source = new EventSource(runAddress(id, 'events'));
    source.addEventListener('run', (event) => take(() => readers.run(JSON.parse(event.data))));
    source.addEventListener('change', (event) => take(() => run && merged(run, readers.change(JSON.parse(event.data)))));
    source.addEventListener('gone', () => {
      source?.close();
      say('gone');
    });
    source.onerror = () => void retry();
  };
  /** The browser's own attempts end with the first answer that is an error, and say nothing of it: we ask ourselves. */
  const retry = async () => {
    source?.close();
    say('lost');
    const failure = await api.run(id).then(
      () => undefined,
      (error: unknown) => error,
    );
    if (isOver) return;
    if (failure instanceof ApiFailure && [401, 403, 404].includes(failure.status))
      return say(failure.status === 404 && run ? 'gone' : 'lost', failure);
    timer = setTimeout(open, failure ? PAUSES[Math.min(failures++, PAUSES.length - 1)] : PAUSES[0]);
  };

  open();
  return () => {
    isOver = true;
    source?.close();
    clearTimeout(timer);
  };
}
