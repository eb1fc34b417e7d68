import { useEffect, useRef, useState } from 'preact/hooks';
import type { LiveRun } from '../../../../strategies/index.js';
import { endedTrials, type ImportanceRequest } from '../../../view/index.js';

export interface Importance {
  /** By parameter, the largest first; undefined with too few trials. */
  readonly shares?: [string, number][];
  readonly isCounting: boolean;
}

/** Counted in a worker, anew when further trials ended; one count at a time. */
export function useImportance(run: LiveRun, objective: number): Importance {
  const [importance, setImportance] = useState<Importance>({ isCounting: true });
  const worker = useRef<Worker | undefined>(undefined);
  const ended = endedTrials(run.trials);
  useEffect(() => () => worker.current?.terminate(), []);
  // What matters of the run is which trials ended.
  useEffect(() => {
    worker.current?.terminate();
    const counting = new Worker(new URL('./importance-worker.ts', import.meta.url), { type: 'module' });
    worker.current = counting;
    counting.onmessage = ({ data }: MessageEvent<Importance['shares']>) => setImportance({ shares: data, isCounting: false });
    counting.onerror = () => setImportance({ isCounting: false });
    const trials = run.trials.map(({ number, point, state, values }) => ({ number, point, state, values }));
    const request: ImportanceRequest = { space: run.space, objectives: run.objectives, task: run.task, trials, objective };
    counting.postMessage(request);
  }, [ended, objective, run.space]);
  return importance;
}
