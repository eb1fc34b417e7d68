import { type Activity, formatDuration, type Message } from '../../base/index.js';
import type { Runtime } from '../../infrastructure/runtime/index.js';
import type { Model } from '../../onnx/index.js';
import type { TechniqueRegistry } from '../../technique/index.js';
import type { Task } from '../../training/index.js';
import { withRules } from '../criteria/rules.js';
import type { Workspace } from '../models/workspace.js';
import type { StartArchitecture } from '../recipes/base.js';
import { type Outlook, outlookOf, trainedOn } from './budget.js';
import { claimedLength, claimWorkspace, type TrainingLength } from './claim.js';
import { type OptimizeOptions, type Settings, settingsOf } from './settings.js';
import type { Plan, Strategy } from './strategy.js';
import { whyUntrainable } from './trainability.js';

/** What a plan is made of. */
export interface PlanNeeds {
  name: string;
  original: Model;
  architecture?: StartArchitecture;
  task: Task;
  options: OptimizeOptions;
  strategy: Strategy;
  registry: TechniqueRegistry;
  runtime: Runtime;
  /** Notes what the run is about. */
  workspace: Pick<Workspace, 'name' | 'storage'>;
  onMessage?: Activity['onMessage'];
  signal?: Activity['signal'];
}

export interface Planned {
  /** With every metric that a limit is about among what it states, and with the samples that are trained on. */
  task: Task;
  settings: Settings;
  plan: Plan;
  /** What is foreseen, where there is a budget. */
  outlook?: Outlook;
  /** Of a full training without one. */
  usual: TrainingLength;
}

/**
 * The first stage: from what is asked for to the recipes that are tried.
 * @throws OptionError for options that cannot be used, or a workspace with another run in it.
 */
export async function planRun(needs: PlanNeeds): Promise<Planned> {
  const began = performance.now();
  const { name, original, architecture, strategy, registry, runtime, workspace, onMessage, signal } = needs;
  const { task, options } = withMetricsOfRules(needs.task, needs.options);
  const all = task.splits.train.size;
  const begun = claimedLength(workspace, all);
  const epochs = options.epochs ?? begun?.epochs;
  const usual = { ...settingsOf({ ...options, epochs }, all), samples: begun?.samples ?? all };
  const untrainable = await whyUntrainable(original, task, runtime);
  const { limits, families, hardware } = usual;
  const planned = strategy.plan({
    ...{ original, task, limits, hardware, registry, architecture, families, untrainable },
    epochs: usual.epochs,
  });
  const outlook = Number.isFinite(usual.budgetMs)
    ? await outlookOf({
        ...{ original, architecture, task, registry, runtime, workspace, signal, settings: usual, plan: planned },
        ...{ isTrainable: untrainable === undefined, isFixed: epochs !== undefined, spentMs: () => performance.now() - began },
      })
    : undefined;
  const settings = { ...usual, ...outlook?.length };
  const { samples } = settings;
  for (const text of planned.remarks) onMessage?.({ level: 'warning', text });
  const cut = samples < all ? [`To end within the budget, trainings took ${samples} of ${all} samples.`] : [];
  if (!outlook) for (const text of cut) onMessage?.({ level: 'info', text });
  const plan: Plan = { ...planned, recipe: (point) => planned.recipe(point, settings.epochs), remarks: [...planned.remarks, ...cut] };
  await claimWorkspace(workspace, { name, original, architecture, task, strategyName: strategy.name, settings, plan });
  return { task: trainedOn(task, samples), settings, plan, outlook, usual: { epochs: usual.epochs, samples: all } };
}

/** What a run with a budget is told at its start. */
export function outlookMessage({ settings, outlook, usual }: Planned): Message {
  const { budgetMs, trials, epochs, samples } = settings;
  const time = formatDuration(budgetMs / 1000);
  const { fits = 0 } = outlook ?? {};
  const some = samples < usual.samples ? `with ${samples} of ${usual.samples} samples` : '';
  const cut = epochs < usual.epochs ? `cut from ${usual.epochs} to ${count(epochs, 'epoch')}` : '';
  const fitted = cut || some ? `, each full training ${[cut, some].filter((part) => part !== '').join(', ')}` : '';
  if (fits === 0) return { level: 'warning', text: `Not even one trial is likely to fit in ${time}: the quickest is begun all the same.` };
  const many = fits < trials ? `About ${fits} of ${trials} trials fit` : `All ${trials} trials are likely to fit`;
  return { level: 'info', text: `${many} in ${time}${fitted}.` };
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`;
}

function withMetricsOfRules(task: Task, options: OptimizeOptions): Pick<PlanNeeds, 'task' | 'options'> {
  const { limits } = options;
  if (!limits?.rules?.length) return { task, options };
  const stated = withRules(task, limits.rules);
  return { task: stated.task, options: { ...options, limits: { ...limits, rules: stated.rules } } };
}
