import type { Activity } from '../../base/index.js';
import type { Model } from '../../onnx/index.js';
import type { Task } from '../../training/index.js';
import type { Criteria } from '../criteria/criteria.js';
import { objectivesFor } from '../criteria/objectives.js';
import type { Elsewhere } from '../jobs/elsewhere.js';
import type { MakeModels } from '../models/maker.js';
import type { Meter } from '../models/meter.js';
import { storedModel, type Workspace } from '../models/workspace.js';
import type { Settings } from '../plan/settings.js';
import type { Strategy } from '../plan/strategy.js';
import type { StartArchitecture } from '../recipes/base.js';
import type { ModelInfo } from '../results/info.js';
import { checkBeatsGuessing } from './guessing.js';
import { givenModel, timed, trainedArchitecture } from './start.js';

/** What a baseline is measured with. */
export interface BaselineNeeds {
  original: Model;
  architecture?: StartArchitecture;
  task: Task;
  /** Says what models must keep to, given the baseline. */
  strategy: Pick<Strategy, 'limits'>;
  settings: Pick<Settings, 'epochs' | 'seed' | 'limits' | 'objectives'>;
  make: MakeModels;
  meter: Meter;
  workspace: Workspace;
  /** Where there are workers: train an architecture. */
  elsewhere?: Elsewhere;
  activity: Activity;
}

/** Where a run starts from, and what follows from it. */
export interface Baseline {
  info: ModelInfo;
  /** The trained baseline, where the original is an untrained architecture: what others learn from. */
  teacher?: Model;
  criteria: Criteria;
}

/**
 * The second stage: measures the model that others are to be better than; a fresh architecture is trained first.
 * @throws DataError where it is no better than guessing; OptionError where an objective cannot be counted for it.
 */
export async function measureBaseline(needs: BaselineNeeds): Promise<Baseline> {
  const { original, architecture, task, strategy, settings, make, meter, workspace, elsewhere, activity } = needs;
  const measured = architecture
    ? await trainedArchitecture({ architecture, task, epochs: settings.epochs, make, meter, elsewhere, activity })
    : await givenModel({ original, seed: settings.seed, meter, workspace, activity });
  checkBeatsGuessing(measured, task);
  const limits = strategy.limits?.(settings.limits, measured) ?? settings.limits;
  const objectives = objectivesFor(settings.objectives, limits, measured);
  const info = objectives.includes('latency') ? await timed(measured, meter, workspace) : measured;
  return {
    info,
    teacher: architecture && (await storedModel(info, workspace)),
    criteria: { metric: task.metric, limits, objectives },
  };
}
