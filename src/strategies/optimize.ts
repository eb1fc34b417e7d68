import { createStudy, type Point, remember, type Trial } from '../automation/index.js';
import { type Activity, DataError, EspalierError, nested, OptionError, UnsupportedError } from '../base/index.js';
import type { Runtime } from '../infrastructure/runtime/index.js';
import type { Model } from '../onnx/index.js';
import type { Recipe, TechniqueRegistry } from '../technique/index.js';
import { buildTrainingStep, crossEntropy, evaluate, inputShapes, meanSquaredError, type Task } from '../training/index.js';
import { footprintInfo, type HostServices, layerInfos, measureCandidate, qualityInfo } from './candidates.js';
import { finishFront, markFront, objectivesFor } from './front.js';
import { FORMAT_VERSION, type Limits, type ModelInfo, type ObjectiveName, type RunInfo } from './info.js';
import { broken, checkLimits, violations } from './limits.js';
import { type RecipeRequest, RecipeRunner, recipeLabel } from './recipes.js';
import type { Plan, PlanContext, Strategy } from './strategy.js';
import type { Workspace } from './workspace.js';

export interface OptimizeOptions {
  /** How many recipes are tried. Default 12. */
  trials?: number;
  /** No trial is begun after so many milliseconds of this run. Default: no limit. */
  budgetMs?: number;
  /** Epochs of one full training. Default: so many that a training has about 2,000 steps, from 2 to 40. */
  epochs?: number;
  /** Recipes tried side by side, each with its own threads. Default 1. */
  jobs?: number;
  /** Threads of each. Results are the same bytes only for the same number. Default 1. */
  threads?: number;
  /** Draws splits, recipes, weights and batches. Default 0. */
  seed?: number;
  limits?: Limits;
  /** What the front trades quality for. Default bytes and macs, and whatever is limited. Latency is noisy: a front with it is not reproducible. */
  objectives?: readonly ObjectiveName[];
}

export interface OptimizeRequest extends Activity {
  /** What the run is called in reports. */
  name: string;
  original: Model;
  /** Set where the original is an instance of a family that may be scaled. It is then trained first, and the trained one is the baseline. */
  architecture?: PlanContext['architecture'];
  task: Task;
  strategy: Strategy;
  registry: TechniqueRegistry;
  runtime: Runtime;
  workspace: Workspace;
  host: HostServices;
  options?: OptimizeOptions;
}

/**
 * The main job: from a model and data to the Pareto front of better models. Everything that is done is journaled in the workspace; called again
 * after a kill, with the same request, it goes on and ends as if nothing had happened.
 *
 * Selection uses the validation part only. The test part is read once, at the end, for the baseline and the models of the front, from their
 * written files.
 * @throws DataError where the baseline is no better than guessing; OptionError for options that cannot be used.
 */
export async function optimize(request: OptimizeRequest): Promise<RunInfo> {
  const started = performance.now();
  const run = new OptimizationRun(request);
  const baseline = await run.baseline();
  const plan = await run.plan();
  const { candidates, trials, failures } = await run.search(plan, baseline);
  return run.finish({ baseline, candidates, trials, failures, plan, seconds: (performance.now() - started) / 1000 });
}

interface SearchOutcome {
  candidates: ModelInfo[];
  trials: RunInfo['trials'];
  failures: RunInfo['failures'];
}

class OptimizationRun {
  readonly #request: OptimizeRequest;
  readonly #options: Required<Omit<OptimizeOptions, 'budgetMs' | 'objectives'>> & Pick<OptimizeOptions, 'budgetMs' | 'objectives'>;
  readonly #runner = new RecipeRunner();
  readonly #fingerprint: string;
  readonly #objectives: ObjectiveName[];

  constructor(request: OptimizeRequest) {
    const { options = {}, task } = request;
    checkLimits(options.limits ?? {});
    this.#request = request;
    this.#options = {
      trials: 12,
      jobs: 1,
      threads: 1,
      seed: 0,
      limits: {},
      epochs: defaultEpochs(task.splits.train.size),
      ...dropUndefined(options),
    };
    this.#fingerprint = task.splits.train.fingerprint;
    this.#objectives = objectivesFor(options.objectives, this.#options.limits);
  }

  #recipeRequest(recipe: Recipe, activity: Activity): RecipeRequest {
    const { original, task, runtime, registry, workspace } = this.#request;
    return {
      recipe,
      original,
      task,
      runtime,
      registry,
      workspace,
      seed: this.#options.seed,
      fingerprint: this.#fingerprint,
      threads: this.#options.threads,
      activity,
    };
  }

  /** Measures where the run starts from; a fresh architecture is trained first. */
  async baseline(): Promise<ModelInfo> {
    const { architecture, original, workspace, task } = this.#request;
    const activity = nested(this.#request, 'baseline');
    if (architecture) {
      const { name, width, depth, resolution } = architecture;
      const recipe = [
        { technique: 'build', options: { architecture: name, width, depth, ...(resolution ? { resolution } : {}) } },
        { technique: 'train', options: { epochs: this.#options.epochs } },
      ];
      const request = this.#recipeRequest(recipe, activity);
      const stage = (await this.#runner.run(request)).at(-1);
      if (!stage) throw new EspalierError('The baseline has no stage');
      return checkBaseline({ ...(await measureCandidate(stage, request)), label: recipeLabel(recipe) }, task);
    }
    const kept = await remember(workspace.storage, 'baseline', async () => {
      const { bytes, file } = await workspace.save('original', original);
      const validation = qualityInfo(
        await evaluate(original, task, this.#request.runtime, {
          threads: this.#options.threads,
          signal: activity.signal,
          onProgress: activity.onProgress,
        }),
      );
      return JSON.parse(JSON.stringify({ file, validation, footprint: footprintInfo(original, bytes) })) as Pick<
        ModelInfo,
        'file' | 'validation' | 'footprint'
      >;
    });
    return checkBaseline(
      { id: 'original', label: 'original', recipe: [], seed: this.#options.seed, ...kept, notes: {}, onFront: false, breaks: [] },
      task,
    );
  }

  async plan(): Promise<Plan> {
    const { original, task, registry, strategy, architecture } = this.#request;
    const untrainable = await whyUntrainable(original, task);
    const plan = strategy.plan({
      original,
      task,
      limits: this.#options.limits,
      registry,
      epochs: this.#options.epochs,
      architecture,
      untrainable,
    });
    for (const text of plan.remarks) this.#request.onMessage?.({ level: 'warning', text });
    return plan;
  }

  async search(plan: Plan, baseline: ModelInfo): Promise<SearchOutcome> {
    const { workspace } = this.#request;
    const { trials, jobs, budgetMs, seed } = this.#options;
    const study = await createStudy({
      space: plan.space,
      initialPoints: plan.initialPoints,
      objective: (point, trial) => this.#try(plan.recipe(point), point, trial, baseline),
      directions: this.#objectives.map((name) => (name === 'quality' ? 'maximize' : 'minimize')),
      storage: workspace.storage,
      maxTrials: trials,
      concurrency: jobs,
      waveSize: 4,
      seed,
      budgetMs,
      activity: this.#request,
    });
    await study.run();
    const found = new Map<string, ModelInfo>();
    for (const trial of study.trials) {
      for (const info of (trial.attributes.candidates ?? []) as unknown as ModelInfo[])
        if (!found.has(info.id)) found.set(info.id, { ...info, trial: trial.number });
    }
    const failures = study.trials
      .filter((trial) => trial.state === 'failed')
      .map((trial) => ({ trial: trial.number, recipe: plan.recipe(trial.point), message: trial.error?.message ?? 'unknown' }));
    for (const { trial, message } of failures) this.#request.onMessage?.({ level: 'warning', text: `Trial ${trial} failed: ${message}` });
    const count = (state: string) => study.trials.filter((trial) => trial.state === state).length;
    return {
      candidates: [...found.values()],
      failures,
      trials: { finished: count('told'), failed: count('failed'), stopped: count('stopped') },
    };
  }

  /** One trial: applies the recipe, and measures every stage of it, because a stage may be on the front without what follows. */
  async #try(recipe: Recipe, _point: Point, trial: Trial, baseline: ModelInfo) {
    if (recipe.length === 0) throw new UnsupportedError('The empty recipe is the original');
    const request = this.#recipeRequest(recipe, trial.activity);
    const stages = await this.#runner.run(request);
    const latency = this.#objectives.includes('latency') ? (model: Model) => this.#request.host.latency(model, undefined) : undefined;
    const candidates: ModelInfo[] = [];
    for (const stage of stages)
      if (stage.recipe.at(-1)?.technique !== 'build') candidates.push(await measureCandidate(stage, request, latency));
    const last = candidates.at(-1) as ModelInfo;
    trial.attributes.candidates = JSON.parse(JSON.stringify(candidates));
    const found = Object.values(violations(this.#options.limits, last.validation, last.footprint, baseline.validation));
    return { values: this.#objectives.map((name) => objectiveValue(last, name)), violations: found.length > 0 ? found : undefined };
  }

  async finish(outcome: SearchOutcome & { baseline: ModelInfo; plan: Plan; seconds: number }): Promise<RunInfo> {
    const { task, strategy, workspace, host, name } = this.#request;
    const { limits, seed } = this.#options;
    const { baseline, candidates } = outcome;
    for (const model of candidates) model.breaks = broken(violations(limits, model.validation, model.footprint, baseline.validation));
    const { models, hypervolume } = markFront(candidates, baseline, this.#objectives, task);
    const before = workspace.storage
      .records()
      .find((record) => record.kind === 'step' && (record.data as { name?: string }).name === 'seconds');
    const info: RunInfo = {
      format: FORMAT_VERSION,
      name,
      strategy: strategy.name,
      task: {
        name: task.name,
        kind: task.kind,
        metric: baseline.validation.metric,
        classes: task.kind === 'classification' ? task.classes : undefined,
        preprocess: task.feeds,
        samples: {
          train: task.splits.train.size,
          calibration: task.splits.calibration.size,
          validation: task.splits.validation.size,
          test: task.splits.test.size,
        },
        fingerprint: this.#fingerprint,
      },
      seed,
      options: { trials: this.#options.trials, epochs: this.#options.epochs, threads: this.#options.threads, jobs: this.#options.jobs },
      limits,
      machine: host.machine(),
      objectives: this.#objectives,
      baseline,
      models,
      hypervolume,
      layers: {},
      trials: outcome.trials,
      failures: outcome.failures,
      remarks: [...outcome.plan.remarks],
      seconds: before
        ? (before.data as unknown as { result: number }).result
        : await remember(workspace.storage, 'seconds', () => outcome.seconds),
      complete: true,
    };
    await finishFront(info, this.#request, this.#options.threads);
    for (const model of [baseline, ...models.filter((each) => each.onFront)]) {
      const loaded = model.id === 'original' ? this.#request.original : await workspace.load(model.id);
      if (loaded) info.layers[model.id] = layerInfos(loaded);
    }
    await workspace.write('front.json', `${JSON.stringify(info, null, 2)}\n`);
    return info;
  }
}

/** A model's value of one objective. */
export function objectiveValue(model: ModelInfo, name: ObjectiveName): number {
  const { validation, footprint } = model;
  const value = {
    quality: validation.value,
    bytes: footprint.bytes,
    macs: footprint.macs,
    latency: footprint.latency?.p50,
    memory: footprint.activationBytes,
  }[name];
  if (value === undefined)
    throw new OptionError({
      what: `The objective "${name}" cannot be measured on this model`,
      where: model.label,
      fix: 'Choose other objectives.',
    });
  return value;
}

/** About 2,000 steps of 128 samples, from 2 to 40 epochs. */
function defaultEpochs(samples: number): number {
  return Math.min(40, Math.max(2, Math.round((2000 * 128) / samples)));
}

function dropUndefined<T extends object>(options: T): T {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as T;
}

/** The reason why the task's loss cannot be trained on this model, or undefined where it can. */
export async function whyUntrainable(model: Model, task: Task): Promise<string | undefined> {
  try {
    const loss = task.kind === 'classification' ? crossEntropy(task.output) : meanSquaredError(task.outputs, task.reference);
    buildTrainingStep(model, { batchSize: 2, inputShapes: await inputShapes(task, 2), loss, optimizer: { kind: 'sgd' } });
    return undefined;
  } catch (error) {
    if (error instanceof EspalierError) return error.message;
    throw error;
  }
}

/** A classifier at the level of guessing means that the data or its preparation does not fit the model: nothing good can come of it. */
function checkBaseline(baseline: ModelInfo, task: Task): ModelInfo {
  const { validation } = baseline;
  if (task.kind !== 'classification' || !validation.interval) return baseline;
  const counts = new Array<number>(task.classes.length).fill(0);
  for (const label of task.splits.validation.labels ?? []) counts[label]++;
  const guessing = Math.max(...counts) / Math.max(1, task.splits.validation.size);
  if (validation.interval[0] > guessing) return baseline;
  throw new DataError({
    what: `The model is no better than guessing on this data: accuracy ${(100 * validation.value).toFixed(1)}%, always answering the largest class gives ${(100 * guessing).toFixed(1)}%`,
    where: task.splits.validation.name,
    fix: 'Check that the classes are in the order that the model was trained with, and the preprocessing (--preprocess).',
  });
}
