import type { Activity } from '../../base/index.js';
import type { Runtime } from '../../infrastructure/runtime/index.js';
import type { Answers } from '../../metrics/index.js';
import type { Model } from '../../onnx/index.js';
import { answersOf, evaluate, type Task } from '../../training/index.js';
import type { HostServices, Original } from '../models/host.js';
import { journaled } from '../models/journaled.js';
import { besideMeasured } from '../models/latency.js';
import { confusionOf, qualityInfo } from '../models/quality.js';
import { sampleFeeds } from '../models/sample.js';
import { storedModel, type Workspace } from '../models/workspace.js';
import type { LatencyInfo, ModelInfo } from '../results/info.js';

/** What models are measured with once they are chosen: nothing else reads the test part. */
export interface TestNeeds {
  task: Task;
  runtime: Runtime;
  threads: number;
  host: Pick<HostServices, 'latency' | 'serving' | 'downloadBytes' | 'check'>;
  workspace: Pick<Workspace, 'name' | 'load' | 'storage'>;
  activity: Activity;
}

export type Measured = Pick<ModelInfo, 'test' | 'checks'> & Pick<ModelInfo['footprint'], 'downloadBytes' | 'latency'>;

/** What chosen models are compared with: the baseline, and what it answers on the test part. */
export interface Rival extends Original {
  answers: Answers;
  latency: LatencyInfo | undefined;
}

/** A chosen model, as it was read from its file. @param rival the baseline, where it is another. */
export async function measureChosen({ file }: ModelInfo, model: Model, needs: TestNeeds, rival?: Rival): Promise<Measured> {
  const { host, task, runtime, threads, activity } = needs;
  const feeds = await sampleFeeds(model, task);
  const quality = await evaluate(model, task, runtime, { split: 'test', threads, signal: activity.signal, original: rival?.answers });
  const test = { ...qualityInfo(quality), confusion: confusionOf(quality) };
  const downloadBytes = await host.downloadBytes(file);
  const latency = besideMeasured(rival?.latency, await host.latency(model, rival?.model, feeds));
  const checks = await host.check(file, model, feeds, rival);
  return journaled({ test, downloadBytes, latency, checks });
}

export async function rivalOf(baseline: ModelInfo, { task, runtime, threads, workspace, activity }: TestNeeds): Promise<Rival> {
  const model = await storedModel(baseline, workspace);
  const answers = await answersOf(model, task, runtime, { split: 'test', threads, signal: activity.signal });
  const judged = task.reference === undefined ? task.outputs : [];
  return { model, answers, feeds: await sampleFeeds(model, task), judged, latency: baseline.footprint.latency };
}
