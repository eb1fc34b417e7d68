import { remember } from '../../automation/index.js';
import { DataError, EspalierError, nested } from '../../base/index.js';
import { evaluate, isAtChance, permutedClasses, type Task } from '../../training/index.js';
import { footprintInfo, measureCandidate, qualityInfo } from '../models/meter.js';
import { isKept } from '../models/runner.js';
import { baseRecipe } from '../recipes/base.js';
import { recipeLabel } from '../recipes/labels.js';
import type { LatencyInfo, ModelInfo } from '../results/info.js';
import { type Run, recipeRequest, sampleFeeds, storedModel } from '../settle/restore.js';

/**
 * Measures where a run starts from; a fresh architecture is trained first.
 * @throws DataError where it is no better than guessing.
 */
export async function measureBaseline(run: Run): Promise<ModelInfo> {
  const { architecture, task } = run.request;
  const baseline = architecture ? await trainedBaseline(run, architecture) : await givenBaseline(run);
  checkBaseline(baseline, task);
  return baseline;
}

async function trainedBaseline(run: Run, architecture: NonNullable<Run['request']['architecture']>): Promise<ModelInfo> {
  const recipe = baseRecipe({ architecture, task: run.request.task, epochs: run.settings.epochs });
  const request = recipeRequest(run, recipe, nested(run.request, 'baseline'));
  const stage = (await run.runner.run(request)).at(-1);
  if (!isKept(stage)) throw new EspalierError('The recipe of the baseline makes no model');
  return { ...(await measureCandidate(stage, request, run.shapes)), label: recipeLabel(recipe, request.registry) };
}

async function givenBaseline(run: Run): Promise<ModelInfo> {
  const { original, task, runtime, workspace } = run.request;
  const { threads, seed } = run.settings;
  const kept = await remember(workspace.storage, 'baseline', async () => {
    const validation = qualityInfo(await evaluate(original, task, runtime, { threads, ...nested(run.request, 'baseline') }));
    const { bytes, file } = await workspace.save('original', original);
    return JSON.parse(JSON.stringify({ file, validation, footprint: footprintInfo(original, bytes, run.shapes) })) as Pick<
      ModelInfo,
      'file' | 'validation' | 'footprint'
    >;
  });
  // Its file may have been damaged or removed since.
  if (!(await workspace.load('original'))) await workspace.save('original', original);
  return { id: 'original', label: 'original', recipe: [], seed, ...kept, notes: {}, onFront: false, breaks: [] };
}

/** The baseline with its latency, which is measured only where latency is an objective; once over all runs that share the journal. */
export async function timedBaseline(baseline: ModelInfo, run: Run): Promise<ModelInfo> {
  const { host, task, workspace } = run.request;
  const latency = await remember(workspace.storage, 'baseline latency', async () => {
    const model = await storedModel(baseline, run);
    return JSON.parse(JSON.stringify(await host.latency(model, undefined, await sampleFeeds(model, task)))) as LatencyInfo;
  });
  return { ...baseline, footprint: { ...baseline.footprint, latency } };
}

/** A model at the level of guessing means that the data or its preparation does not fit it: nothing good can come of it. */
function checkBaseline({ validation }: ModelInfo, task: Task): void {
  const { metric } = task;
  if (!isAtChance(validation, metric)) return;
  const { format } = metric.scale;
  const end = validation.interval?.[metric.direction === 'maximize' ? 0 : 1];
  throw new DataError({
    what:
      `The model is no better than guessing on this data: ${metric.label} ${format(validation.value)}${end === undefined ? '' : ` (95% interval from ${format(end)})`}, ` +
      `${metric.guess ?? 'an answer that ignores the sample'} gives ${format(validation.chance as number)}`,
    where: task.splits.validation.name,
    fix: permutedClasses(validation, task)?.advice ?? GUESSING_ADVICE,
  });
}

const GUESSING_ADVICE =
  'Check that the classes are in the order that the model was trained with, and the preprocessing (--preprocess); for a fresh architecture, train for more epochs.';
