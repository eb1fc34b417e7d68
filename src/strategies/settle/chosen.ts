import { remember } from '../../automation/index.js';
import type { Activity } from '../../base/index.js';
import type { ChosenJob, ChosenStep } from '../jobs/job.js';
import type { LatencyInfo, ServingInfo } from '../results/info.js';
import { parseLatency, parseServing, parseTested, type Tested } from '../results/recorded.js';
import { type Rival, rivalOf, serveChosen, type TestNeeds, testChosen, timeChosen } from './measure.js';

/** A chosen model, the run's baseline, and how many requests at a time are served. */
export type ChosenWork = Pick<ChosenJob, 'model' | 'baseline' | 'concurrent'>;

/** Measures chosen models of one run from their written files, each once over all processes that share the journal. */
export interface ChosenMeter {
  test(work: ChosenWork, activity: Activity): Promise<Tested>;
  time(work: ChosenWork, activity: Activity): Promise<LatencyInfo>;
  serve(work: ChosenWork, activity: Activity): Promise<ServingInfo[]>;
}

/** The name of what was measured in the journal. */
export function nameOfStep(kind: ChosenStep, { model, concurrent }: Pick<ChosenWork, 'model' | 'concurrent'>): string {
  if (kind === 'serve') return `serve ${model.id}, ${concurrent ? concurrent.join() : 'up to all cores'}`;
  return `${kind === 'test' ? 'finish' : kind} ${model.id}`;
}

/** The baseline is read, and answers the test part, once for all models, and only where one is left to be measured. */
export function chosenMeter(needs: TestNeeds): ChosenMeter {
  const { storage } = needs.workspace;
  let rival: Promise<Rival> | undefined;
  const rivalFor = (baseline: ChosenWork['baseline'], activity: Activity): Promise<Rival> => {
    rival ??= rivalOf(baseline, needs, activity).catch((cause) => {
      rival = undefined;
      throw cause;
    });
    return rival;
  };
  return {
    test: (work, activity) => {
      const { model, baseline } = work;
      const test = async () =>
        testChosen(model, needs, activity, model.id === baseline.id ? undefined : await rivalFor(baseline, activity));
      return remember(storage, nameOfStep('test', work), test, parseTested);
    },
    time: (work) => remember(storage, nameOfStep('time', work), () => timeChosen(work.model, work.baseline, needs), parseLatency),
    serve: (work) => remember(storage, nameOfStep('serve', work), () => serveChosen(work.model, needs, work.concurrent), parseServing),
  };
}
