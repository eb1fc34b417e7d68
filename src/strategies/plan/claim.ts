import { z } from 'zod';
import { asJson, canonicalText, type JournalRecord, type Json } from '../../automation/index.js';
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

/** How much trainings do. */
export interface TrainingLength {
  /** Of one full training. */
  epochs: number;
  /** Of the training part, in each of them. */
  samples: number;
}

/** What two runs in one workspace must have in common, in the words of the error that says that they have not. */
function header({ name, original, architecture, task, strategyName, settings, plan }: Claim): Record<string, Json> {
  const { seed, epochs, samples, threads, limits, objectives, families, hardware, device, target } = settings;
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
      recipes: `SHA-256 ${shortHash([base, ...plan.initialPoints.map((point) => plan.recipe(point))], 'recipes')}`,
      seed,
      epochs,
      samples: samples < task.splits.train.size ? samples : null,
      threads,
      limits,
      objectives: objectives ?? null,
      hardware: hardware?.title ?? null,
      device: device ?? null,
      target: target ?? null,
    },
    'run',
  ) as Record<string, Json>;
}

const claimed = z.object({ epochs: z.number(), samples: z.number().nullish() });

/** What the run in a workspace was begun with; undefined where there is none. @param samples of the training part. */
export function claimedLength({ storage }: Pick<Workspace, 'storage'>, samples: number): TrainingLength | undefined {
  const before = claimed.safeParse(storage.records().find(({ kind }) => kind === KIND)?.data).data;
  return before && { epochs: before.epochs, samples: before.samples ?? samples };
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

/** What may differ between runs whose trials come to the same: what is drawn otherwise is as good, and limits are judged anew. */
const OF_NO_SCORE: ReadonlySet<string> = new Set(['seed', 'limits']);

/** The first thing in which what models came to in an earlier run is no measure for this one; undefined where there is none. */
export function otherThan(records: readonly JournalRecord[], earlier: readonly JournalRecord[]): string | undefined {
  const [now, before] = [records, earlier].map(
    (journal) => journal.find(({ kind }) => kind === KIND)?.data as Record<string, Json> | undefined,
  );
  if (!now || !before) return 'settings';
  const names = new Set([...Object.keys(now), ...Object.keys(before)]);
  return [...names].find((name) => !OF_NO_SCORE.has(name) && canonicalText(now[name] ?? null) !== canonicalText(before[name] ?? null));
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
