import { architecture as familyOf } from '../../architectures/index.js';
import { remember } from '../../automation/index.js';
import { type Activity, mean } from '../../base/index.js';
import type { Runtime } from '../../infrastructure/runtime/index.js';
import type { Model } from '../../onnx/index.js';
import type { Recipe, TechniqueRegistry } from '../../technique/index.js';
import type { Task } from '../../training/index.js';
import { type Expectation, Expected } from '../models/expected.js';
import { fingerprintOf } from '../models/fingerprint.js';
import { paceOf, parsePace } from '../models/pace.js';
import { stageId } from '../models/runner.js';
import type { Workspace } from '../models/workspace.js';
import { baseRecipe, type StartArchitecture } from '../recipes/base.js';
import { stageIn } from '../results/recorded.js';
import type { Settings } from './settings.js';
import type { Plan } from './strategy.js';

/** What a run with a budget is planned with. */
export interface BudgetNeeds {
  original: Model;
  architecture?: StartArchitecture;
  task: Task;
  registry: TechniqueRegistry;
  runtime: Runtime;
  settings: Settings;
  plan: Plan;
  isTrainable: boolean;
  /** Whether the epochs stand: they were asked for, or the run was begun with them. */
  isFixed: boolean;
  /** Milliseconds of the budget that planning has taken so far. */
  spentMs(): number;
  workspace: Pick<Workspace, 'storage'>;
  signal?: Activity['signal'];
}

/** What is foreseen of a run with a budget. */
export interface Outlook {
  /** Of one full training. */
  epochs: number;
  expected: Expected;
  /** What the baseline is expected to take. */
  baseline: Expectation;
  /** Of those that were asked for, how many trials are likely to end in time. */
  fits: number;
  /** What one of these takes on average, in seconds. */
  each: number;
}

/** Share of the budget that the two measurements may take each. */
const PROBED = 0.02;
/** Fewer than this share of the usual epochs say little of a recipe. */
const LEAST = 0.25;
/** Share of the budget that the first points are fitted to: what is foreseen is off by some. */
const FITTED = 0.8;
/** What a job does beside others, compared with one alone: they share the machine's memory and caches. */
const BESIDE_OTHERS = 0.77;

/**
 * Times the baseline, foresees what trials take, and where nobody asked for a number of epochs, has as few as it takes for a point of every technique to end within
 * the budget. What was timed is kept in the journal.
 */
export async function outlookOf(needs: BudgetNeeds): Promise<Outlook> {
  const { original, architecture, task, registry, runtime, settings, plan, isTrainable, isFixed, spentMs, workspace, signal } = needs;
  const { storage } = workspace;
  const { threads, budgetMs, jobs, trials, seed } = settings;
  const { batchSize } = (architecture && familyOf(architecture.name).training) ?? {};
  const timing = { model: original, task, runtime, threads, isTrainable, signal, most: (PROBED * budgetMs) / 1000 };
  const measurePace = () => paceOf({ ...timing, ...(typeof batchSize === 'number' && { batchSize }) });
  const pace = await remember(storage, 'pace', measurePace, parsePace);
  const fingerprint = fingerprintOf(original, task);
  const isMade = (steps: Recipe) => {
    const id = stageId(steps, seed, fingerprint);
    return stageIn(storage.records(), id) !== undefined;
  };
  const expectedWith = (epochs: number) => new Expected({ pace, task, registry, epochs, isMade });
  const baseOf = (epochs: number) => (architecture ? baseRecipe(architecture, task, epochs) : []);
  const baselineSeconds = (epochs: number) => task.splits.validation.size * pace.forward + expectedWith(epochs).of(baseOf(epochs)).seconds;
  const costs = (epochs: number) => {
    const recipes = plan.initialPoints.map((point) => ({ recipe: plan.recipe(point, epochs), work: plan.work?.(point) }));
    return expectedWith(epochs).inTurn(recipes, baseOf(epochs));
  };
  const speed = jobs === 1 ? 1 : jobs * BESIDE_OTHERS;
  const count = Math.min(trials, untilAllSeen(plan));
  const first = (epochs: number) =>
    baselineSeconds(epochs) +
    costs(epochs)
      .slice(0, count)
      .reduce((sum, each) => sum + each, 0) /
      speed;
  const epochs = isFixed ? settings.epochs : epochsWithin((FITTED * (budgetMs - spentMs())) / 1000, settings.epochs, first);
  const seconds = (budgetMs - spentMs()) / 1000 - baselineSeconds(epochs);
  const slow = costs(epochs).map((each) => (each * jobs) / speed);
  const { fits, each } = fitting(slow, { seconds, jobs, trials });
  const expected = expectedWith(epochs);
  return { epochs, expected, baseline: expected.of(baseOf(epochs)), fits, each };
}

/** How many of the first points it takes to see every technique and family that they have. */
function untilAllSeen({ initialPoints, recipe }: Plan): number {
  const namesOf = (point: Plan['initialPoints'][number]) =>
    recipe(point).flatMap(({ technique, options }) => [technique, ...('architecture' in options ? [String(options.architecture)] : [])]);
  const all = new Set(initialPoints.flatMap(namesOf));
  const seen = new Set<string>();
  for (const [i, point] of initialPoints.entries()) {
    for (const name of namesOf(point)) seen.add(name);
    if (seen.size === all.size) return i + 1;
  }
  return initialPoints.length;
}

/** The most epochs with which something takes no longer than it may; at least a quarter of the usual. */
export function epochsWithin(seconds: number, usual: number, secondsWith: (epochs: number) => number): number {
  const least = Math.max(1, Math.ceil(LEAST * usual));
  let epochs = usual;
  while (epochs > least && secondsWith(epochs) > seconds) epochs--;
  return epochs;
}

/**
 * How many trials end in time, where those for which there is no time are passed over; what is tried after the first points takes as long as those of them do for which there is.
 * @param costs of the first points, in seconds.
 */
export function fitting(
  costs: readonly number[],
  { seconds, jobs, trials }: { seconds: number; jobs: number; trials: number },
): { fits: number; each: number } {
  const busy = new Array<number>(Math.min(jobs, trials)).fill(0);
  const spent: number[] = [];
  for (let i = 0; spent.length < trials; i++) {
    const next = busy.indexOf(Math.min(...busy));
    const timely = (i < costs.length ? [costs[i]] : costs).filter((cost) => busy[next] + cost <= seconds);
    if (timely.length === 0 && i >= costs.length) break;
    if (timely.length === 0) continue;
    busy[next] += mean(timely);
    spent.push(mean(timely));
  }
  return { fits: spent.length, each: mean(spent.length > 0 ? spent : costs) };
}
