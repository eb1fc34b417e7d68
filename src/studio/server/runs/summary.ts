import { join } from 'node:path';
import { attempted } from '../../../base/index.js';
import { readJson } from '../../../base/node/index.js';
import { summarize } from '../../../report/info/index.js';
import { LIVE_SCHEMA, type LiveRun, parseRunInfo, type RunInfo } from '../../../strategies/index.js';
import type { RunSummary } from '../../api/index.js';

/** What the list of runs says of one. */
export function summaryOf(id: string, run: LiveRun, headline: string | undefined): RunSummary {
  const { name, state, trials, wanted, models, begun, updated, secondsLeft } = run;
  return {
    id,
    name,
    state,
    trials: { ended: trials.filter((trial) => trial.state !== 'running').length, wanted },
    front: models.filter(({ onFront }) => onFront).length,
    begun,
    updated,
    ...(secondsLeft !== undefined && { secondsLeft }),
    ...(headline !== undefined && { headline }),
  };
}

/** The front.json of a run. @throws EspalierError where it cannot be read or is none. */
export function frontOf(folder: string): RunInfo {
  const path = join(folder, 'front.json');
  return parseRunInfo(readJson(path), path);
}

/** The report's first sentence. */
export function headlineOf(folder: string): Promise<string | undefined> {
  return attempted(
    () => summarize(frontOf(folder)).headline,
    () => undefined,
  );
}

/** A run that was started and has written nothing yet. @param begun milliseconds since 1970. */
export function startingRun(id: string, begun = Date.now()): LiveRun {
  return {
    schema: LIVE_SCHEMA,
    revision: 0,
    name: id,
    state: 'starting',
    strategy: '',
    task: { name: '', kind: '', metric: '' },
    limits: {},
    models: [],
    trials: [],
    wanted: 0,
    workers: [],
    messages: [],
    begun,
    updated: begun,
  };
}
