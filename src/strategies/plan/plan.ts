import type { Activity } from '../../base/index.js';
import type { Runtime } from '../../infrastructure/runtime/index.js';
import type { Model } from '../../onnx/index.js';
import type { TechniqueRegistry } from '../../technique/index.js';
import type { Task } from '../../training/index.js';
import { withRules } from '../criteria/rules.js';
import type { Workspace } from '../models/workspace.js';
import type { StartArchitecture } from '../recipes/base.js';
import { claimWorkspace } from './claim.js';
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
}

export interface Planned {
  /** With every metric that a limit is about among what it states. */
  task: Task;
  settings: Settings;
  plan: Plan;
}

/**
 * The first stage: from what is asked for to the recipes that are tried.
 * @throws OptionError for options that cannot be used, or a workspace with another run in it.
 */
export async function planRun(needs: PlanNeeds): Promise<Planned> {
  const { name, original, architecture, strategy, registry, runtime, workspace, onMessage } = needs;
  const { task, options } = withMetricsOfRules(needs.task, needs.options);
  const settings = settingsOf(options, task.splits.train.size);
  const { limits, epochs, families } = settings;
  const untrainable = await whyUntrainable(original, task, runtime);
  const plan = strategy.plan({ original, task, limits, registry, epochs, architecture, families, untrainable });
  for (const text of plan.remarks) onMessage?.({ level: 'warning', text });
  await claimWorkspace(workspace, { name, original, architecture, task, strategyName: strategy.name, settings, plan });
  return { task, settings, plan };
}

function withMetricsOfRules(task: Task, options: OptimizeOptions): Pick<PlanNeeds, 'task' | 'options'> {
  const { limits } = options;
  if (!limits?.rules?.length) return { task, options };
  const stated = withRules(task, limits.rules);
  return { task: stated.task, options: { ...options, limits: { ...limits, rules: stated.rules } } };
}
