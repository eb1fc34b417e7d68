import type { Activity } from '../../base/index.js';
import type { Runtime } from '../../infrastructure/runtime/index.js';
import type { Answers } from '../../metrics/index.js';
import { answersOf, evaluate, type Task } from '../../training/index.js';
import type { HostServices, Original } from '../models/host.js';
import { journaled } from '../models/journaled.js';
import { confusionOf, qualityInfo } from '../models/quality.js';
import { sampleFeeds } from '../models/sample.js';
import { storedModel, type Workspace } from '../models/workspace.js';
import type { ModelInfo } from '../results/info.js';

/** What models are measured with once they are chosen: nothing else reads the test part. */
export interface TestNeeds {
  task: Task;
  runtime: Runtime;
  threads: number;
  host: Pick<HostServices, 'latency' | 'downloadBytes' | 'check'>;
  workspace: Pick<Workspace, 'name' | 'load' | 'storage'>;
  activity: Activity;
}

export type Measured = Pick<ModelInfo, 'test' | 'checks'> & Pick<ModelInfo['footprint'], 'downloadBytes' | 'latency'>;

/**
 * A chosen model, or the baseline itself, from its written file.
 * @param baselineAnswers on the test part; asked for where the model is another.
 */
export async function measureChosen(
  model: ModelInfo,
  baseline: ModelInfo,
  needs: TestNeeds,
  baselineAnswers: () => Promise<Answers>,
): Promise<Measured> {
  const { host, task, runtime, threads, workspace, activity } = needs;
  const file = await storedModel(model, workspace);
  const feeds = await sampleFeeds(file, task);
  const before = model === baseline ? undefined : await originalOf(baseline, needs);
  const original = before && (await baselineAnswers());
  const quality = await evaluate(file, task, runtime, { split: 'test', threads, signal: activity.signal, original });
  const test = { ...qualityInfo(quality), confusion: confusionOf(quality) };
  const downloadBytes = await host.downloadBytes(model.file);
  const latency = await host.latency(file, before?.model, feeds);
  const checks = await host.check(model.file, file, feeds, before);
  return journaled({ test, downloadBytes, latency, checks });
}

/** What a model answers on the test part. */
export async function testAnswers(model: ModelInfo, { task, runtime, threads, workspace, activity }: TestNeeds): Promise<Answers> {
  return answersOf(await storedModel(model, workspace), task, runtime, { split: 'test', threads, signal: activity.signal });
}

async function originalOf(baseline: ModelInfo, { task, workspace }: TestNeeds): Promise<Original> {
  const model = await storedModel(baseline, workspace);
  return { model, feeds: await sampleFeeds(model, task), judged: task.reference === undefined ? task.outputs : [] };
}
