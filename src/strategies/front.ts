import { remember } from '../automation/index.js';
import { type Activity, nested } from '../base/index.js';
import type { Runtime } from '../infrastructure/runtime/index.js';
import type { Model } from '../onnx/index.js';
import { front, hypervolume } from '../pareto/index.js';
import { evaluate, type Task } from '../training/index.js';
import { confusionOf, type HostServices, qualityInfo } from './candidates.js';
import type { Limits, ModelInfo, ObjectiveName, RunInfo } from './info.js';
import { objectiveValue } from './optimize.js';
import type { Workspace } from './workspace.js';

/** The objectives asked for, or quality against bytes and MACs; a limit on something makes it an objective too. */
export function objectivesFor(wanted: readonly ObjectiveName[] | undefined, limits: Limits): ObjectiveName[] {
  const chosen = new Set<ObjectiveName>(['quality', ...(wanted ?? ['bytes', 'macs'])]);
  if (limits.maxLatency !== undefined) chosen.add('latency');
  if (limits.maxMemory !== undefined) chosen.add('memory');
  return [...chosen];
}

/** Marks which candidates are on the front: keep every limit, and no other model nor the baseline is at least as good in everything. */
export function markFront(
  candidates: readonly ModelInfo[],
  baseline: ModelInfo,
  objectives: readonly ObjectiveName[],
  task: Task,
): { models: ModelInfo[]; hypervolume: number } {
  const directions = objectives.map((name) => (name === 'quality' ? ('maximize' as const) : ('minimize' as const)));
  const values = (model: ModelInfo) => objectives.map((name) => objectiveValue(model, name));
  const feasible = candidates.filter((model) => model.breaks.length === 0);
  const best = new Set(front([...feasible, baseline], values, directions));
  for (const model of candidates) model.onFront = best.has(model);
  const models = [...candidates].sort(
    (a, b) =>
      Number(b.onFront) - Number(a.onFront) ||
      b.validation.value - a.validation.value ||
      a.footprint.bytes - b.footprint.bytes ||
      (a.id < b.id ? -1 : 1),
  );
  const guess = task.kind === 'classification' ? 1 / task.classes.length : 0;
  const reference = objectives.map((name) => (name === 'quality' ? guess : objectiveValue(baseline, name) * 1.1));
  return { models, hypervolume: hypervolume([...best].map(values), reference, directions) };
}

interface FrontContext extends Activity {
  task: Task;
  runtime: Runtime;
  workspace: Workspace;
  host: HostServices;
  original: Model;
}

/** Measures the baseline and the front from their written files: test quality, download, latency, runtimes; writes their cards. Journaled. */
export async function finishFront(info: RunInfo, context: FrontContext, threads: number): Promise<void> {
  const chosen = [info.baseline, ...info.models.filter((model) => model.onFront)];
  const activity = nested(context, 'measure');
  const baseline = (await context.workspace.load(info.baseline.id)) ?? context.original;
  for (const [index, model] of chosen.entries()) {
    activity.onProgress?.({ task: 'front', done: index, total: chosen.length, facts: { model: model.label } });
    const file = (await context.workspace.load(model.id)) ?? context.original;
    const measured = await remember(context.workspace.storage, `finish ${model.id}`, async () => {
      const quality = await evaluate(file, context.task, context.runtime, { split: 'test', threads, signal: context.signal });
      const test = { ...qualityInfo(quality), confusion: confusionOf(quality) };
      const downloadBytes = await context.host.downloadBytes(model.file);
      const latency = await context.host.latency(file, index === 0 ? undefined : baseline);
      const checks = await context.host.check(model.file, file);
      return JSON.parse(JSON.stringify({ test, downloadBytes, latency, checks })) as Pick<ModelInfo, 'test' | 'checks'> &
        Pick<ModelInfo['footprint'], 'downloadBytes' | 'latency'>;
    });
    model.test = measured.test;
    model.checks = measured.checks;
    model.footprint = { ...model.footprint, downloadBytes: measured.downloadBytes, latency: measured.latency };
    model.card = `models/${model.id}.card.json`;
    await context.workspace.write(model.card, `${JSON.stringify(card(model, info), null, 2)}\n`);
  }
  activity.onProgress?.({ task: 'front', done: chosen.length, total: chosen.length });
}

/** What a finished model carries: enough to judge it and to make it again. */
export function card(model: ModelInfo, info: RunInfo): Record<string, unknown> {
  const { baseline } = info;
  const testBefore = baseline.test?.value;
  return {
    format: info.format,
    id: model.id,
    label: model.label,
    file: model.file,
    recipe: model.recipe,
    seed: model.seed,
    strategy: info.strategy,
    data: { name: info.task.name, fingerprint: info.task.fingerprint, samples: info.task.samples },
    preprocess: info.task.preprocess,
    classes: info.task.classes,
    quality: {
      metric: model.validation.metric,
      validation: model.validation,
      test: model.test,
      before: { validation: baseline.validation, test: baseline.test },
    },
    footprint: { after: model.footprint, before: baseline.footprint },
    checks: model.checks,
    notes: model.notes,
    machine: info.machine,
    warnings: warnings(model, baseline, testBefore),
  };
}

/** What is worse than before; a card says it first. */
export function warnings(model: ModelInfo, baseline: ModelInfo, before: number | undefined): string[] {
  const found: string[] = [];
  const { footprint } = model;
  const drop = before === undefined || !model.test ? 0 : (before - model.test.value) * 100;
  if (drop > 0.5) found.push(`Loses ${drop.toFixed(1)} points of test ${model.validation.metric} against the original.`);
  const ratio = footprint.latency?.ratioToBaseline;
  if (ratio !== undefined && ratio > 1.05) found.push(`Slower than the original on this machine: ${ratio.toFixed(2)} times its latency.`);
  if (footprint.bytes > baseline.footprint.bytes) found.push('Larger than the original.');
  for (const check of model.checks ?? [])
    if (check.status === 'differs' || check.status === 'fails') found.push(`${check.runtime}: ${check.status} (${check.detail ?? ''}).`);
  return found;
}
