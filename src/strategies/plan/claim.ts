import { z } from 'zod';
import { asJson, canonicalText, type Json } from '../../automation/index.js';
import { OptionError } from '../../base/index.js';
import type { Model } from '../../onnx/index.js';
import type { Task } from '../../training/index.js';
import { digestOf, sha256 } from '../models/fingerprint.js';
import type { Workspace } from '../models/workspace.js';
import { baseRecipe, type StartArchitecture } from '../recipes/base.js';
import { checked } from '../results/schema.js';
import type { Settings } from './settings.js';
import type { Plan } from './strategy.js';

/** Journal record that says what a run is about; the first of its folder. */
const KIND = 'run';

/** What a run is about. */
export interface Claim {
  name: string;
  original: Model;
  architecture?: StartArchitecture;
  task: Task;
  strategyName: string;
  settings: Settings;
  plan: Plan;
}

/** What two runs in one workspace must have in common, in the words of the error that says that they have not. */
function header({ name, original, architecture, task, strategyName, settings, plan }: Claim): Record<string, Json> {
  const { seed, epochs, threads, limits, objectives, families, hardware, target } = settings;
  const base = architecture ? baseRecipe(architecture, task, epochs) : [];
  const parts = Object.values(task.splits).map(({ fingerprint }) => fingerprint);
  return asJson(
    {
      model: `${architecture ? 'architecture' : name}, SHA-256 ${digestOf(original).slice(0, 12)}`,
      architecture: architecture ?? null,
      data: `${task.name}, SHA-256 ${shortHash(parts, 'data')}`,
      preprocessing: task.feeds.map(({ input, from, preprocess }) => ({ input, from, preprocess })),
      quality: { task: task.kind, metric: task.metric.name, outputs: task.outputs },
      strategy: strategyName,
      families: families ?? null,
      // Another version of Espalier may make other recipes of the same points.
      recipes: `SHA-256 ${shortHash([base, ...plan.initialPoints.map(plan.recipe)], 'recipes')}`,
      seed,
      epochs,
      threads,
      limits,
      objectives: objectives ?? null,
      hardware: hardware?.title ?? null,
      target: target ?? null,
    },
    'run',
  ) as Record<string, Json>;
}

function shortHash(value: unknown, what: string): string {
  return sha256([canonicalText(asJson(value, what))]).slice(0, 12);
}

/**
 * Notes in a new workspace what the run is about, and makes sure that a workspace with a run in it is gone on with by the same run.
 * @throws OptionError naming what differs.
 */
export async function claimWorkspace({ name, storage }: Pick<Workspace, 'name' | 'storage'>, claim: Claim): Promise<void> {
  const now = header(claim);
  const found = storage.records().find(({ kind }) => kind === KIND);
  const before =
    found && checked<Record<string, Json>>(z.record(z.string(), z.json()), found.data, `${name}, what the journal has of its run`);
  if (!before) {
    await storage.record(KIND, now);
    return;
  }
  for (const [field, value] of Object.entries(now)) {
    // What earlier versions did not note shows in the recipes.
    if (field in before && canonicalText(value) !== canonicalText(before[field])) throw differs(name, field, before[field], value);
  }
}

function differs(where: string, field: string, before: Json, now: Json): OptionError {
  const words = (value: Json) => (typeof value === 'string' ? value : value === null ? 'none' : JSON.stringify(value));
  return new OptionError({
    what: `There is a run with other ${field} here`,
    where,
    expected: words(before),
    got: words(now),
    fix: 'Give what that run was begun with to go on with it, or another folder to begin a new one.',
  });
}
