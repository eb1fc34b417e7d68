import { remember } from '../../automation/index.js';
import { nested } from '../../base/index.js';
import type { Baseline } from '../baseline/baseline.js';
import { broken, violations } from '../criteria/limits.js';
import type { MakeModels } from '../models/maker.js';
import type { Meter } from '../models/meter.js';
import { storedModel } from '../models/workspace.js';
import type { Settings } from '../plan/settings.js';
import type { LayerInfo, ModelInfo } from '../results/info.js';
import { markFront } from './front.js';
import { measureChosen, type Rival, rivalOf, type TestNeeds } from './measure.js';
import { restoreModels } from './restore.js';
import { addServing } from './serving.js';

/** What a front is settled with. */
export interface SettleNeeds extends TestNeeds {
  baseline: Baseline;
  /** What the search found. */
  candidates: readonly ModelInfo[];
  make: MakeModels;
  meter: Pick<Meter, 'layers'>;
  settings: Pick<Settings, 'serving' | 'watts' | 'pricePerHour'>;
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
 * may change what is on the front; so until everything on it is measured. Each turn measures a model that was not, so that it ends. How models serve several
 * requests decides nothing, and is measured of what is left.
 */
export async function settle({ baseline, candidates, make, meter, settings, ...needs }: SettleNeeds): Promise<Settled> {
  const { teacher, criteria } = baseline;
  const { metric, limits, objectives } = criteria;
  await restoreModels(candidates, { ...needs, make, teacher });
  // What others found stays as they found it.
  const info = { ...baseline.info };
  const measureAll = measuring(info, needs, meter);
  const layers: Settled['layers'] = {};
  let front = { models: candidates.map((each) => ({ ...each })), hypervolume: 0 };
  let chosen: ModelInfo[];
  do {
    for (const model of [info, ...front.models]) model.breaks = broken(violations(limits, model, info, metric));
    front = markFront(front.models, info, objectives, metric);
    chosen = [info, ...front.models.filter(({ onFront }) => onFront)].filter(({ test }) => test === undefined);
    Object.assign(layers, await measureAll(chosen));
  } while (chosen.length > 0);
  const { serving, ...rates } = settings;
  await addServing([info, ...front.models.filter(({ onFront }) => onFront)], { ...needs, concurrent: serving, rates });
  return { baseline: info, ...front, layers };
}

/**
 * Measures models from their written files: test quality, download, latency, runtimes, each once over all runs that share the journal; and counts their
 * layers. The baseline is read, and answers the test part, once for all of them, and only where one is left to be measured.
 */
function measuring(baseline: ModelInfo, needs: TestNeeds, meter: SettleNeeds['meter']) {
  const { workspace } = needs;
  const { onProgress } = nested(needs.activity, 'measure');
  let rival: Promise<Rival> | undefined;
  return async (models: readonly ModelInfo[]): Promise<Settled['layers']> => {
    const layers: Settled['layers'] = {};
    for (const [done, model] of models.entries()) {
      onProgress?.({ task: 'front', done, total: models.length, facts: { model: model.label } });
      const file = await storedModel(model, workspace);
      const { test, checks, downloadBytes, latency } = await remember(workspace.storage, `finish ${model.id}`, async () => {
        if (model === baseline) return measureChosen(model, file, needs);
        rival ??= rivalOf(baseline, needs);
        return measureChosen(model, file, needs, await rival);
      });
      Object.assign(model, { test, checks, footprint: { ...model.footprint, downloadBytes, latency } });
      layers[model.id] = meter.layers(file);
    }
    if (models.length > 0) onProgress?.({ task: 'front', done: models.length, total: models.length });
    return layers;
  };
}
