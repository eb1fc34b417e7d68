import type { Activity } from '../../base/index.js';
import type { Runtime } from '../../infrastructure/runtime/index.js';
import type { Answers } from '../../metrics/index.js';
import { answersOf, evaluate, type Task } from '../../training/index.js';
import type { WrittenModel } from '../jobs/job.js';
import type { HostServices, Original } from '../models/host.js';
import { journaled } from '../models/journaled.js';
import { besideMeasured } from '../models/latency.js';
import { confusionOf, qualityInfo } from '../models/quality.js';
import { sampleFeeds } from '../models/sample.js';
import { storedModel, type Workspace } from '../models/workspace.js';
import type { LatencyInfo, ServingInfo } from '../results/info.js';
import type { Tested } from '../results/recorded.js';

/** What models are measured with once they are chosen: nothing else reads the test part. */
export interface TestNeeds {
  task: Task;
  runtime: Runtime;
  threads: number;
  host: Pick<HostServices, 'latency' | 'serving' | 'downloadBytes' | 'check'>;
  workspace: Pick<Workspace, 'name' | 'load' | 'storage'>;
}

/** What chosen models are compared with: the baseline, and what it answers on the test part. */
export interface Rival extends Original {
  answers: Answers;
}

/** Quality on the test part, download and runtimes of a chosen model, from its file: nothing that is timed. @param rival the baseline, where it is another. */
export async function testChosen({ file, ...of }: WrittenModel, needs: TestNeeds, activity: Activity, rival?: Rival): Promise<Tested> {
  const { host, task, runtime, threads, workspace } = needs;
  const model = await storedModel({ file, ...of }, workspace);
  const quality = await evaluate(model, task, runtime, { split: 'test', threads, signal: activity.signal, original: rival?.answers });
  const test = { ...qualityInfo(quality), confusion: confusionOf(quality) };
  const downloadBytes = await host.downloadBytes(file);
  const checks = await host.check(file, model, await sampleFeeds(model, task), rival);
  return journaled({ test, downloadBytes, checks });
}

export async function rivalOf(
  baseline: WrittenModel,
  { task, runtime, threads, workspace }: TestNeeds,
  activity: Activity,
): Promise<Rival> {
  const model = await storedModel(baseline, workspace);
  const answers = await answersOf(model, task, runtime, { split: 'test', threads, signal: activity.signal });
  const judged = task.reference === undefined ? task.outputs : [];
  return { model, answers, feeds: await sampleFeeds(model, task), judged };
}

/** Latency of a chosen model, in turns with the baseline where it is another: the figure is then the baseline's, which must have been timed, times the ratio. */
export async function timeChosen(model: WrittenModel, baseline: WrittenModel, { host, task, workspace }: TestNeeds): Promise<LatencyInfo> {
  const stored = await storedModel(model, workspace);
  const feeds = await sampleFeeds(stored, task);
  if (model.id === baseline.id) return journaled(await host.latency(stored, undefined, feeds, model));
  const measured = await host.latency(stored, await storedModel(baseline, workspace), feeds, model);
  return journaled(besideMeasured(baseline.footprint.latency, measured));
}

/** How a chosen model serves requests side by side. @param concurrent default: as many as the host can do at once, and fewer. */
export async function serveChosen(
  model: WrittenModel,
  { host, task, workspace }: TestNeeds,
  concurrent?: readonly number[],
): Promise<ServingInfo[]> {
  const stored = await storedModel(model, workspace);
  return journaled(await host.serving(model.file, stored, await sampleFeeds(stored, task), concurrent));
}
