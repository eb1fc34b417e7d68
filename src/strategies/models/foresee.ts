import { remember } from '../../automation/index.js';
import { type Activity, attempted, ResourceError } from '../../base/index.js';
import { encodeModel, type Model } from '../../onnx/index.js';
import { applyTechnique, checkOptions, needs, type Recipe, type Step, type TechniqueRegistry } from '../../technique/index.js';
import type { FootprintInfo, LatencyInfo } from '../results/info.js';
import { parseForeseen } from '../results/recorded.js';
import type { Timed } from './host.js';
import { journaled } from './journaled.js';
import type { Meter } from './meter.js';
import { type RecipeRequest, stageId } from './runner.js';

/** What footprints are foreseen with. */
export type ForesightParts = Omit<RecipeRequest, 'recipe' | 'activity' | 'teacher' | 'isWatched' | 'watch'> & {
  meter: Pick<Meter, 'footprint'>;
};

/**
 * The footprint of what a recipe will make, from its steps without their trainings; undefined where it is not known, or nothing is trained. Kept in the journal.
 * @param latency where that counts as well.
 */
export type Foresee = (
  recipe: Recipe,
  activity: Activity,
  options?: { teacher?: Model; latency?: (model: Model, timed: Timed) => Promise<LatencyInfo> },
) => Promise<FootprintInfo | undefined>;

export function foresight({ meter, registry, workspace, seed, fingerprint, original, task, runtime, threads }: ForesightParts): Foresee {
  return async (recipe, { signal }, { teacher, latency } = {}) => {
    const sketch = sketched(recipe, registry);
    if (!sketch) return undefined;
    const id = stageId(recipe, seed, fingerprint);
    const work = () =>
      attempted(
        async () => {
          let model = original;
          for (const { technique, options } of sketch) {
            const context = { signal, model, original: teacher ?? original, task, runtime, threads, seed };
            model = (await applyTechnique(registry.get(technique), context, options)).model;
          }
          return journaled({
            ...(await meter.footprint(model, encodeModel(model).length)),
            latency: await latency?.(model, { id, signal }),
          });
        },
        // What is wrong with the recipe shows when it is applied; what is wrong with the machine is no property of it.
        (error) => {
          if (error instanceof ResourceError) throw error;
          return null;
        },
      );
    const found = await remember(workspace.storage, `foresee ${id}`, work, parseForeseen);
    return found ?? undefined;
  };
}

/** A recipe's steps without their trainings; undefined where nothing is trained, or a step makes something that is not known without. */
function sketched(recipe: Recipe, registry: TechniqueRegistry): Recipe | undefined {
  let trains = false;
  const steps: Step[] = [];
  for (const { technique: name, options } of recipe) {
    const technique = registry.get(name);
    const checked = checkOptions(technique, options);
    const isTrained = needs(technique, 'gradients', checked);
    trains ||= isTrained;
    if (technique.sketch) steps.push({ technique: name, options: technique.sketch(checked) });
    else if (!isTrained) steps.push({ technique: name, options: checked });
    else if (technique.effects.some((effect) => effect !== 'improve')) return undefined;
  }
  return trains ? steps : undefined;
}
