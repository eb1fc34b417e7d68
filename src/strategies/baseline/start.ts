import { remember } from '../../automation/index.js';
import { type Activity, EspalierError, nested } from '../../base/index.js';
import type { Model } from '../../onnx/index.js';
import type { Task } from '../../training/index.js';
import type { Elsewhere } from '../jobs/elsewhere.js';
import { journaled } from '../models/journaled.js';
import type { MakeModels } from '../models/maker.js';
import type { Meter } from '../models/meter.js';
import { storedModel, type Workspace } from '../models/workspace.js';
import { baseRecipe, type FamilyMember } from '../recipes/base.js';
import type { ModelInfo } from '../results/info.js';
import { parseBaseline, parseLatency } from '../results/recorded.js';

/** A fresh architecture, trained. */
export async function trainedArchitecture(needs: {
  architecture: FamilyMember;
  task: Task;
  epochs: number;
  make: MakeModels;
  meter: Meter;
  elsewhere?: Elsewhere;
  activity: Activity;
}): Promise<ModelInfo> {
  const { architecture, task, epochs, make, meter, elsewhere, activity } = needs;
  const recipe = baseRecipe(architecture, task, epochs);
  const within = nested(activity, 'baseline');
  await elsewhere?.make(recipe, within);
  const trained = (await make(recipe, within)).at(-1);
  if (!trained) throw new EspalierError('The recipe of the baseline makes no model');
  return meter.measure(trained, { signal: activity.signal });
}

/** The model that was given, as it is. */
export async function givenModel(needs: {
  original: Model;
  seed: number;
  meter: Meter;
  workspace: Pick<Workspace, 'storage' | 'load' | 'save'>;
  activity: Activity;
}): Promise<ModelInfo> {
  const { original, seed, meter, workspace, activity } = needs;
  const measure = async () => {
    const validation = await meter.quality(original, nested(activity, 'baseline'));
    const { bytes, file } = await workspace.save('original', original);
    return journaled({ file, validation, footprint: await meter.footprint(original, bytes) });
  };
  const kept = await remember(workspace.storage, 'baseline', measure, parseBaseline);
  // Its file may have been damaged or removed since.
  if (!(await workspace.load('original'))) await workspace.save('original', original);
  return { id: 'original', label: 'original', recipe: [], seed, ...kept, notes: {}, onFront: false, breaks: [] };
}

/** The baseline with its latency, which is measured only where latency is an objective; once over all runs that share the journal. */
export async function timed(baseline: ModelInfo, meter: Meter, workspace: Workspace): Promise<ModelInfo> {
  const time = async () => journaled(await meter.latency(await storedModel(baseline, workspace), { id: baseline.id }));
  const latency = await remember(workspace.storage, 'baseline latency', time, parseLatency);
  return { ...baseline, footprint: { ...baseline.footprint, latency } };
}
