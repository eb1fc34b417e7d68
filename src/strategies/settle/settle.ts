import { type Activity, nested } from '../../base/index.js';
import type { Baseline } from '../baseline/baseline.js';
import { broken, violations } from '../criteria/limits.js';
import type { Elsewhere } from '../jobs/elsewhere.js';
import type { ChosenStep } from '../jobs/job.js';
import type { MakeModels } from '../models/maker.js';
import type { Meter } from '../models/meter.js';
import { storedModel } from '../models/workspace.js';
import type { Settings } from '../plan/settings.js';
import type { LayerInfo, ModelInfo } from '../results/info.js';
import { chosenMeter, nameOfStep } from './chosen.js';
import { markFront } from './front.js';
import type { TestNeeds } from './measure.js';
import { restoreModels } from './restore.js';
import { addServing } from './serving.js';
import { sideBySide } from './side-by-side.js';

/** What a front is settled with. */
export interface SettleNeeds extends TestNeeds {
  baseline: Baseline;
  /** What the search found. */
  candidates: readonly ModelInfo[];
  make: MakeModels;
  meter: Pick<Meter, 'layers'>;
  /** Where there are workers: measure what is then found in the journal. */
  elsewhere?: Elsewhere;
  settings: Pick<Settings, 'jobs' | 'serving' | 'watts' | 'pricePerHour'>;
  activity: Activity;
}

export interface Settled {
  /** With what was measured on the test part. */
  baseline: ModelInfo;
  /** The candidates, those of the front first and marked. */
  models: readonly ModelInfo[];
  /** See `markFront`. */
  hypervolume: number;
  /** Of the baseline and of each model of the front, by id. */
  layers: Record<string, LayerInfo[]>;
}

/**
 * The fourth stage: marks the front and measures it on the test part. Latencies measured then, with nothing else running, replace those of the search, and
 * may change what is on the front; so until everything on it is measured. Each turn measures models that were not, so that it ends. How models serve several
 * requests decides nothing, and is measured of what is left.
 */
export async function settle({ baseline, candidates, make, settings, ...needs }: SettleNeeds): Promise<Settled> {
  const { teacher, criteria } = baseline;
  const { metric, limits, objectives } = criteria;
  await restoreModels(candidates, { ...needs, make, teacher });
  // What others found stays as they found it.
  const info = { ...baseline.info };
  const { jobs, serving, ...rates } = settings;
  const measure = measuring(info, needs, jobs);
  const layers: Settled['layers'] = {};
  let front = { models: candidates.map((each) => ({ ...each })), hypervolume: 0 };
  let chosen: ModelInfo[];
  do {
    for (const model of [info, ...front.models]) model.breaks = broken(violations(limits, model, info, metric));
    front = markFront(front.models, info, objectives, metric);
    chosen = [info, ...front.models.filter(({ onFront }) => onFront)].filter(({ test }) => test === undefined);
    await measure.all(chosen);
    for (const model of chosen) layers[model.id] = needs.meter.layers(await storedModel(model, needs.workspace));
  } while (chosen.length > 0);
  if (serving?.length !== 0) await measure.serving([info, ...front.models.filter(({ onFront }) => onFront)], rates, serving);
  return { baseline: info, ...front, layers };
}

/**
 * Measures models. What is not timed is done for so many of them at a time as there are jobs, or workers; then, while nothing else of the run is done, what is: here
 * one model at a time, by workers one on each machine (see `HostServices`).
 */
function measuring(
  baseline: ModelInfo,
  { elsewhere, activity, ...needs }: Omit<SettleNeeds, 'baseline' | 'candidates' | 'make' | 'settings'>,
  jobs: number,
) {
  const here = chosenMeter(needs);
  const { onProgress, ...within } = nested(activity, 'measure');
  const limit = elsewhere ? Number.POSITIVE_INFINITY : jobs;
  const alone = elsewhere ? limit : 1;
  const measured = async <Kind extends ChosenStep>(kind: Kind, model: ModelInfo, concurrent?: readonly number[]) => {
    const work = { model, baseline, concurrent };
    // Workers say how far they are; of this process it is enough which model is measured.
    await elsewhere?.measure(nameOfStep(kind, work), { kind, ...work }, { ...within, onProgress });
    return here[kind](work, within) as ReturnType<(typeof here)[Kind]>;
  };
  const each = async (task: string, models: readonly ModelInfo[], most: number, work: (model: ModelInfo) => Promise<void>) => {
    let done = 0;
    await sideBySide(models, most, async (model) => {
      onProgress?.({ task, done, total: models.length, facts: { model: model.label } });
      await work(model);
      done++;
    });
    if (models.length > 0) onProgress?.({ task, done, total: models.length });
  };
  return {
    all: async (models: readonly ModelInfo[]) => {
      await each('front', models, limit, async (model) => {
        const { test, checks, downloadBytes } = await measured('test', model);
        Object.assign(model, { test, checks, footprint: { ...model.footprint, downloadBytes } });
      });
      const time = async (model: ModelInfo) => {
        model.footprint = { ...model.footprint, latency: await measured('time', model) };
      };
      // The others' latencies are the baseline's times a ratio.
      await each(
        'latency',
        models.filter((model) => model === baseline),
        1,
        time,
      );
      await each(
        'latency',
        models.filter((model) => model !== baseline),
        alone,
        time,
      );
    },
    serving: (models: readonly ModelInfo[], rates: Parameters<typeof addServing>[2], concurrent?: readonly number[]) =>
      each('serving', models, alone, async (model) => addServing(model, await measured('serve', model, concurrent), rates)),
  };
}
