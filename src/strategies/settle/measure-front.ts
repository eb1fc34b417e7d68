import { remember } from '../../automation/index.js';
import { nested } from '../../base/index.js';
import type { Answers } from '../../metrics/index.js';
import { answersOf, evaluate } from '../../training/index.js';
import { confusionOf, layerInfos, type Original, qualityInfo } from '../models/meter.js';
import type { ModelInfo, RunInfo } from '../results/info.js';
import { card } from '../write/cards.js';
import { type Run, sampleFeeds, storedModel } from './restore.js';

type Measured = Pick<ModelInfo, 'test' | 'checks'> & Pick<ModelInfo['footprint'], 'downloadBytes' | 'latency'>;

/**
 * Measures the baseline and the front from their written files: test quality, download, latency, runtimes, each once over all runs that share
 * the journal.
 * @returns whether there was one that had not been measured before.
 */
export async function measureFront(info: RunInfo, run: Run): Promise<boolean> {
  const chosen = [info.baseline, ...info.models.filter((model) => model.onFront)];
  const unmeasured = chosen.filter((model) => model.test === undefined);
  const { onProgress } = nested(run.request, 'measure');
  let answers: Promise<Answers> | undefined;
  // Once for all models, and only where one is left to be measured.
  const baselineAnswers = () => {
    answers ??= testAnswers(info.baseline, run);
    return answers;
  };
  for (const [index, model] of unmeasured.entries()) {
    onProgress?.({ task: 'front', done: index, total: unmeasured.length, facts: { model: model.label } });
    const measured = await remember(run.request.workspace.storage, `finish ${model.id}`, () =>
      measure(model, info.baseline, run, baselineAnswers),
    );
    model.test = measured.test;
    model.checks = measured.checks;
    model.footprint = { ...model.footprint, downloadBytes: measured.downloadBytes, latency: measured.latency };
    info.layers[model.id] = layerInfos(await storedModel(model, run), run.shapes);
  }
  if (unmeasured.length > 0) onProgress?.({ task: 'front', done: unmeasured.length, total: unmeasured.length });
  return unmeasured.length > 0;
}

/** Writes a card for every model. */
export async function writeCards(info: RunInfo, run: Run): Promise<void> {
  for (const model of [info.baseline, ...info.models]) {
    model.card = `models/${model.id}.card.json`;
    await run.request.workspace.write(model.card, `${JSON.stringify(card(model, info, run.request.task.metric), null, 2)}\n`);
  }
}

async function testAnswers(model: ModelInfo, run: Run): Promise<Answers> {
  const { task, runtime, signal } = run.request;
  return answersOf(await storedModel(model, run), task, runtime, { split: 'test', threads: run.settings.threads, signal });
}

async function originalOf(baseline: ModelInfo, run: Run): Promise<Original> {
  const { task } = run.request;
  const model = await storedModel(baseline, run);
  return { model, feeds: await sampleFeeds(model, task), judged: task.reference === undefined ? task.outputs : [] };
}

async function measure(model: ModelInfo, baseline: ModelInfo, run: Run, baselineAnswers: () => Promise<Answers>): Promise<Measured> {
  const { host, task, runtime, signal } = run.request;
  const file = await storedModel(model, run);
  const feeds = await sampleFeeds(file, task);
  const original = model === baseline ? undefined : await baselineAnswers();
  const quality = await evaluate(file, task, runtime, { split: 'test', threads: run.settings.threads, signal, original });
  const test = { ...qualityInfo(quality), confusion: confusionOf(quality) };
  const downloadBytes = await host.downloadBytes(model.file);
  const latency = await host.latency(file, model === baseline ? undefined : await storedModel(baseline, run), feeds);
  const beginning = model === baseline ? undefined : await originalOf(baseline, run);
  const checks = await host.check(model.file, file, feeds, beginning);
  return JSON.parse(JSON.stringify({ test, downloadBytes, latency, checks })) as Measured;
}
