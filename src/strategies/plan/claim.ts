import { asJson, canonicalText, type Json } from '../../automation/index.js';
import { OptionError, Sha256 } from '../../base/index.js';
import { encodeModel, type Model } from '../../onnx/index.js';
import type { Task } from '../../training/index.js';
import type { Workspace } from '../models/workspace.js';
import { baseRecipe } from '../recipes/base.js';
import type { OptimizeRequest } from '../request.js';
import type { Settings } from './settings.js';
import type { Plan } from './strategy.js';

/** Journal record that says what a run is about; the first of its folder. */
const KIND = 'run';

/** Everything that a model made by a recipe depends on besides the recipe and the seed: the original and the task. */
export function fingerprintOf(original: Model, task: Task): string {
  return hash([digestOf(original), canonicalText(identityOf(task))]);
}

/** Models that a run is about do not change in it. */
const digests = new WeakMap<Model, string>();

function digestOf(model: Model): string {
  const known = digests.get(model);
  if (known !== undefined) return known;
  const digest = hash([encodeModel(model)]);
  digests.set(model, digest);
  return digest;
}

function identityOf(task: Task): Json {
  const { splits, feeds } = task;
  const data = { train: splits.train, calibration: splits.calibration, validation: splits.validation, test: splits.test };
  return asJson(
    {
      data: Object.entries(data).map(([part, { fingerprint }]) => [part, fingerprint]),
      feeds,
      task: task.kind,
      metric: task.metric.name,
      scored: [...task.outputs, ...(task.reference ? [digestOf(task.reference)] : [])],
    },
    'task',
  );
}

function hash(parts: readonly (Uint8Array | string)[]): string {
  const sha = new Sha256();
  for (const part of parts) sha.update(part);
  return sha.hex();
}

/** What two runs in one workspace must have in common, in the words of the error that says that they have not. */
function header({ name, original, task, strategy, architecture }: OptimizeRequest, settings: Settings, plan: Plan): Record<string, Json> {
  const { seed, epochs, threads, limits, objectives, families } = settings;
  const base = architecture ? baseRecipe({ architecture, task, epochs }) : [];
  return asJson(
    {
      model: `${architecture ? 'architecture' : name}, SHA-256 ${digestOf(original).slice(0, 12)}`,
      architecture: architecture ?? null,
      data: `${task.name}, SHA-256 ${hash([
        canonicalText(
          asJson(
            Object.values(task.splits).map((part) => part.fingerprint),
            'data',
          ),
        ),
      ]).slice(0, 12)}`,
      preprocessing: task.feeds.map(({ input, from, preprocess }) => ({ input, from, preprocess })),
      quality: { task: task.kind, metric: task.metric.name, outputs: task.outputs },
      strategy: strategy.name,
      families: families ?? null,
      // Another version of Espalier may make other recipes of the same points.
      recipes: `SHA-256 ${hash([canonicalText(asJson([base, ...plan.initialPoints.map(plan.recipe)], 'recipes'))]).slice(0, 12)}`,
      seed,
      epochs,
      threads,
      limits,
      objectives: objectives ?? null,
    },
    'run',
  ) as Record<string, Json>;
}

/**
 * Notes in a new workspace what the run is about, and makes sure that a workspace with a run in it is gone on with by the same run.
 * @throws OptionError naming what differs.
 */
export async function claimWorkspace(request: OptimizeRequest, settings: Settings, plan: Plan): Promise<void> {
  const { workspace } = request;
  const now = header(request, settings, plan);
  const before = workspace.storage.records().find(({ kind }) => kind === KIND)?.data as Record<string, Json> | undefined;
  if (!before) {
    await workspace.storage.record(KIND, now);
    return;
  }
  for (const [field, value] of Object.entries(now)) {
    // What earlier versions did not note shows in the recipes.
    if (field in before && canonicalText(value) !== canonicalText(before[field])) throw differs(workspace, field, before[field], value);
  }
}

function differs(workspace: Workspace, field: string, before: Json, now: Json): OptionError {
  const words = (value: Json) => (typeof value === 'string' ? value : value === null ? 'none' : JSON.stringify(value));
  return new OptionError({
    what: `There is a run with other ${field} here`,
    where: workspace.name,
    expected: words(before),
    got: words(now),
    fix: 'Give what that run was begun with to go on with it, or another folder to begin a new one.',
  });
}
