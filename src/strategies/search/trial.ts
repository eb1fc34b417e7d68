import { asJson, type Outcome, type Trial, type TrialRecord, TrialStopped } from '../../automation/index.js';
import { formatBytes, formatCount, ResourceError, Stopped } from '../../base/index.js';
import type { AnyMetric } from '../../metrics/index.js';
import type { Model } from '../../onnx/index.js';
import type { Recipe } from '../../technique/index.js';
import type { Baseline } from '../baseline/baseline.js';
import { violations } from '../criteria/limits.js';
import { objectiveValue } from '../criteria/objectives.js';
import type { Elsewhere, StageBeside } from '../jobs/elsewhere.js';
import type { Foresee } from '../models/foresee.js';
import type { Timed } from '../models/host.js';
import { journaled } from '../models/journaled.js';
import { latencyBeside } from '../models/latency.js';
import type { MakeModels } from '../models/maker.js';
import type { Meter } from '../models/meter.js';
import type { KeptStage } from '../models/runner.js';
import { storedModel, type Workspace } from '../models/workspace.js';
import type { LatencyInfo, Limits, ModelInfo } from '../results/info.js';
import { parseCandidates, stageIn } from '../results/recorded.js';
import { TrialEpochs } from './epochs.js';

/** What trials are made with. */
export interface TrialNeeds {
  baseline: Baseline;
  make: MakeModels;
  meter: Pick<Meter, 'measure' | 'latency'>;
  workspace: Pick<Workspace, 'name' | 'load' | 'storage'>;
  /** Where there are workers: has them do first what is then found in the journal. */
  elsewhere?: Elsewhere;
  /** Where trials may be given up early: says what their models will cost. */
  foresee?: Foresee;
  /** The id of what a recipe makes. */
  idOf(recipe: Recipe): string;
  /** What models must keep to now. */
  limits(): Limits;
}

/**
 * One trial: applies the recipe, and measures every stage of it, because a stage may be on the front without what follows.
 * @throws TrialStopped where it is given up; whatever a technique or a measurement throws. The stages before the one at which it ended are noted all the same.
 */
export async function tryRecipe(recipe: Recipe, trial: Trial, needs: TrialNeeds): Promise<Outcome> {
  const { baseline, make, foresee, elsewhere } = needs;
  const { info, teacher, criteria } = baseline;
  const latency = criteria.objectives.includes('latency') ? besideBaseline(needs) : undefined;
  const beside = { baseline: info, teaches: teacher !== undefined, latency: latency !== undefined };
  const footprint = await foresee?.(recipe, trial.activity, { teacher, latency });
  const epochs = footprint && new TrialEpochs(recipe, trial, { baseline, footprint, limits: needs.limits() });
  let stages: readonly KeptStage[];
  try {
    if (!epochs) await elsewhere?.make(recipe, trial.activity, beside);
    stages = epochs ? await watched(recipe, trial, epochs, beside, needs) : await make(recipe, trial.activity, teacher);
  } catch (error) {
    if (isOver(error)) throw error;
    const isGivenUp = epochs !== undefined && error instanceof TrialStopped;
    if (isGivenUp) noteEnd(epochs);
    // Another trial may have made what this one was given up in.
    const whole = isGivenUp ? epochs.stage - 1 : wholeStages(recipe, needs);
    await make(recipe.slice(0, whole), trial.activity, teacher)
      .then(measure)
      .catch((cause) => {
        if (isOver(cause) || cause instanceof ResourceError) throw cause;
      });
    throw error;
  }
  // A recipe without a step that the baseline has not makes the baseline, which is known.
  const last = (await measure(stages)).at(-1) ?? info;
  const text = last === info ? 'the baseline itself' : describe(last, criteria.metric);
  trial.activity.onMessage?.({ level: 'info', text: `Trial ${trial.number}: ${text}.` });
  return criteria.objectives.map((name) => objectiveValue(last, name));

  /** Whether the trial was cut off, and is run again. */
  function isOver(error: unknown): boolean {
    return trial.signal.aborted || (error instanceof Stopped && !(error instanceof TrialStopped));
  }

  /** Says and notes where the trial is given up. */
  function noteEnd({ epoch, stage }: TrialEpochs): void {
    const { technique } = recipe[stage - 1];
    const text = `Trial ${trial.number} is given up after epoch ${epoch}, in ${technique}: others are better by then.`;
    trial.activity.onMessage?.({ level: 'info', text });
    trial.attributes.stopped = { epoch, technique, stage: needs.idOf(recipe.slice(0, stage)) };
  }

  /** Measures stages in their order, and notes those before one that cannot be. */
  async function measure(stages: readonly KeptStage[]): Promise<ModelInfo[]> {
    const candidates: ModelInfo[] = [];
    try {
      for (const stage of stages)
        if (stage.id !== info.id) candidates.push(await needs.meter.measure(stage, { signal: trial.activity.signal, latency }));
    } finally {
      trial.attributes.candidates = asJson(journaled(candidates), 'candidates');
    }
    return candidates;
  }
}

/** How many steps of a recipe came to an end: up to the last that left a model. */
function wholeStages(recipe: Recipe, { workspace: { storage }, idOf }: TrialNeeds): number {
  const records = storage.records();
  let length = recipe.length;
  while (length > 0 && !stageIn(records, idOf(recipe.slice(0, length)))) length--;
  return length;
}

/**
 * The stages of a recipe whose epochs are reported. Workers make one after the other, so that none is begun for a trial that is given up. What they tell of epochs may be late or lost: the
 * record of the stage that was made has the rest.
 */
async function watched(
  recipe: Recipe,
  { activity }: Trial,
  epochs: TrialEpochs,
  beside: StageBeside,
  { make, baseline: { teacher }, elsewhere }: TrialNeeds,
): Promise<KeptStage[]> {
  if (!elsewhere) return make(recipe, activity, teacher, (stage, quality) => epochs.add(stage, quality));
  for (let length = 1; ; length++) {
    const begun = recipe.slice(0, length);
    let told = 0;
    await elsewhere.make(begun, activity, beside, async (stage, quality) => {
      if (stage !== length) return;
      told++;
      await epochs.add(stage, quality);
    });
    let known = 0;
    const stages = await make(begun, activity, teacher, async (stage, quality) => {
      if (stage === length && ++known > told) await epochs.add(stage, quality);
    });
    if (length === recipe.length) return stages;
  }
}

/** Times a model in turns with the baseline. */
function besideBaseline({ baseline: { info }, workspace, meter }: TrialNeeds): (model: Model, timed: Timed) => Promise<LatencyInfo> {
  return async (model, timed) => latencyBeside(info, await storedModel(info, workspace), model, timed, meter);
}

/** By how much the last model of a trial, or the baseline where it made none, breaks limits. */
export function violationsOf(
  { attributes }: Pick<TrialRecord, 'attributes'>,
  limits: Limits,
  { info, criteria }: Baseline,
): number[] | undefined {
  const last = parseCandidates(attributes.candidates, 'trial').at(-1) ?? info;
  const found = Object.values(violations(limits, last, info, criteria.metric));
  return found.length > 0 ? found : undefined;
}

/** "prune keep 0.5 + quantize static min-max: accuracy 97.2%, 128 KB, 1.15 M MACs". */
function describe({ label, validation, footprint }: ModelInfo, { label: name, scale }: AnyMetric): string {
  const quality = `${name} ${scale.format(validation.value)}`;
  const macs = footprint.macs === undefined ? [] : [`${formatCount(footprint.macs)} MACs`];
  return `${label}: ${[quality, formatBytes(footprint.bytes), ...macs].join(', ')}`;
}
