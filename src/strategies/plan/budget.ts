import { architecture as familyOf } from '../../architectures/index.js';
import { remember } from '../../automation/index.js';
import { type Activity, mean } from '../../base/index.js';
import { thinned } from '../../data/index.js';
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
import type { TrainingLength } from './claim.js';
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
  /** Whether epochs and samples of the settings stand: epochs were asked for, or the run was begun with both. */
  isFixed: boolean;
  /** Milliseconds of the budget that planning has taken so far. */
  spentMs(): number;
  workspace: Pick<Workspace, 'storage'>;
  signal?: Activity['signal'];
}

/** What is foreseen of a run with a budget. */
export interface Outlook {
  length: TrainingLength;
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
/** The same of the samples of an epoch, where epochs alone do not do: this share of them, and so many where there are as many. */
const LEAST_SHARE = 0.05;
const LEAST_SAMPLES = 1000;
/** Share of the budget that the first points are fitted to: what is foreseen is off by some. */
const FITTED = 0.8;
/** What a job does beside others, compared with one alone: they share the machine's memory and caches. */
const BESIDE_OTHERS = 0.77;

/**
 * Times the baseline, foresees what trials take, and where nobody asked for a number of epochs, has as few as it takes for a point of every technique to end within
 * the budget, and where the fewest are too many, fewer samples. What was timed is kept in the journal.
 */
export async function outlookOf(needs: BudgetNeeds): Promise<Outlook> {
  const { original, architecture, task, registry, runtime, settings, plan, isTrainable, isFixed, spentMs, workspace, signal } = needs;
  const { storage } = workspace;
  const { threads, budgetMs, jobs, trials, seed } = settings;
  const { batchSize } = (architecture && familyOf(architecture.name).training) ?? {};
  const timing = { model: original, task, runtime, threads, isTrainable, signal, most: (PROBED * budgetMs) / 1000 };
  const measurePace = () => paceOf({ ...timing, ...(typeof batchSize === 'number' && { batchSize }) });
  const pace = await remember(storage, 'pace', measurePace, parsePace);
  const madeWith = ({ samples }: TrainingLength) => {
    const fingerprint = fingerprintOf(original, trainedOn(task, samples));
    return (steps: Recipe) => stageIn(storage.records(), stageId(steps, seed, fingerprint)) !== undefined;
  };
  const usual = { epochs: settings.epochs, samples: settings.samples };
  // Where the length is yet to be found, nothing is made.
  const isMade = isFixed ? madeWith(usual) : undefined;
  const expectedWith = (length: TrainingLength) => new Expected({ pace, task, registry, ...length, isMade });
  const baseOf = (epochs: number) => (architecture ? baseRecipe(architecture, task, epochs) : []);
  const baselineSeconds = (length: TrainingLength) =>
    task.splits.validation.size * pace.forward + expectedWith(length).of(baseOf(length.epochs)).seconds;
  const costs = (length: TrainingLength) => {
    const { epochs } = length;
    const recipes = plan.initialPoints.map((point) => ({ recipe: plan.recipe(point, epochs), work: plan.work?.(point) }));
    return expectedWith(length).inTurn(recipes, baseOf(epochs));
  };
  const speed = jobs === 1 ? 1 : jobs * BESIDE_OTHERS;
  const count = Math.min(trials, untilAllSeen(plan));
  const first = (length: TrainingLength) =>
    baselineSeconds(length) +
    costs(length)
      .slice(0, count)
      .reduce((sum, each) => sum + each, 0) /
      speed;
  const length = isFixed ? usual : lengthWithin((FITTED * (budgetMs - spentMs())) / 1000, usual, first);
  const seconds = (budgetMs - spentMs()) / 1000 - baselineSeconds(length);
  const slow = costs(length).map((each) => (each * jobs) / speed);
  const { fits, each } = fitting(slow, { seconds, jobs, trials });
  const expected = new Expected({ pace, task, registry, ...length, isMade: isMade ?? madeWith(length) });
  return { length, expected, baseline: expected.of(baseOf(length.epochs)), fits, each };
}

/** The task with so many samples of its training part, of every class its share. */
export function trainedOn(task: Task, samples: number): Task {
  const { train } = task.splits;
  return samples >= train.size ? task : { ...task, splits: { ...task.splits, train: thinned(train, samples, 0) } };
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

/**
 * The most epochs with which something takes no longer than it may, at least a quarter of the usual; where that is too long, too, as many samples in each as there is time for, at least a
 * twentieth and 1,000 of them, in two digits.
 */
export function lengthWithin(seconds: number, usual: TrainingLength, secondsWith: (length: TrainingLength) => number): TrainingLength {
  const leastEpochs = Math.max(1, Math.ceil(LEAST * usual.epochs));
  let { epochs, samples } = usual;
  while (epochs > leastEpochs && secondsWith({ epochs, samples }) > seconds) epochs--;
  const leastSamples = Math.min(samples, Math.max(LEAST_SAMPLES, Math.ceil(LEAST_SHARE * samples)));
  if (secondsWith({ epochs, samples }) <= seconds || leastSamples === samples) return { epochs, samples };
  let few = leastSamples;
  while (samples - few > 1) {
    const middle = (few + samples) >> 1;
    if (secondsWith({ epochs, samples: middle }) <= seconds) few = middle;
    else samples = middle;
  }
  const digit = 10 ** Math.max(0, Math.floor(Math.log10(few)) - 1);
  return { epochs, samples: Math.max(leastSamples, Math.floor(few / digit) * digit) };
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
