import { asJson, type Outcome, type Trial, type TrialRecord } from '../../automation/index.js';
import { formatBytes, formatCount, UnsupportedError } from '../../base/index.js';
import type { AnyMetric } from '../../metrics/index.js';
import type { Model } from '../../onnx/index.js';
import type { Recipe } from '../../technique/index.js';
import type { Baseline } from '../baseline/baseline.js';
import { violations } from '../criteria/limits.js';
import { objectiveValue } from '../criteria/objectives.js';
import type { Elsewhere } from '../jobs/elsewhere.js';
import { journaled } from '../models/journaled.js';
import { latencyBeside } from '../models/latency.js';
import type { MakeModels } from '../models/maker.js';
import type { Meter } from '../models/meter.js';
import { storedModel, type Workspace } from '../models/workspace.js';
import type { Limits, ModelInfo } from '../results/info.js';
import { parseCandidates } from '../results/recorded.js';

/** What trials are made with. */
export interface TrialNeeds {
  baseline: Baseline;
  make: MakeModels;
  meter: Pick<Meter, 'measure' | 'latency'>;
  workspace: Pick<Workspace, 'name' | 'load'>;
  /** Where there are workers: has them do first what is then found in the journal. */
  elsewhere?: Elsewhere;
}

/** One trial: applies the recipe, and measures every stage of it, because a stage may be on the front without what follows. */
export async function tryRecipe(
  recipe: Recipe,
  trial: Trial,
  { baseline, make, meter, workspace, elsewhere }: TrialNeeds,
): Promise<Outcome> {
  const { info, teacher, criteria } = baseline;
  const isTimed = criteria.objectives.includes('latency');
  await elsewhere?.make(recipe, trial.activity, { baseline: info, teaches: teacher !== undefined, latency: isTimed });
  const stages = (await make(recipe, trial.activity, teacher)).filter(({ id }) => id !== info.id);
  const besideBaseline = async (model: Model) => latencyBeside(info, await storedModel(info, workspace), model, meter);
  const latency = isTimed ? besideBaseline : undefined;
  const candidates: ModelInfo[] = [];
  for (const stage of stages) candidates.push(await meter.measure(stage, { signal: trial.activity.signal, latency }));
  const last = candidates.at(-1);
  if (!last) throw new UnsupportedError('The recipe changes nothing');
  trial.activity.onMessage?.({ level: 'info', text: `Trial ${trial.number}: ${describe(last, criteria.metric)}.` });
  trial.attributes.candidates = asJson(journaled(candidates), 'candidates');
  return criteria.objectives.map((name) => objectiveValue(last, name));
}

/** By how much the last model of a trial breaks limits. */
export function violationsOf(
  { attributes }: Pick<TrialRecord, 'attributes'>,
  limits: Limits,
  { info, criteria }: Baseline,
): number[] | undefined {
  const last = parseCandidates(attributes.candidates, 'trial').at(-1);
  const found = last ? Object.values(violations(limits, last, info, criteria.metric)) : [];
  return found.length > 0 ? found : undefined;
}

/** "prune keep 0.5 + quantize static min-max: accuracy 97.2%, 128 KB, 1.15 M MACs". */
function describe({ label, validation, footprint }: ModelInfo, { label: name, scale }: AnyMetric): string {
  const quality = `${name} ${scale.format(validation.value)}`;
  const macs = footprint.macs === undefined ? [] : [`${formatCount(footprint.macs)} MACs`];
  return `${label}: ${[quality, formatBytes(footprint.bytes), ...macs].join(', ')}`;
}
