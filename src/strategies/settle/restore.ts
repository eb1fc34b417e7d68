import { type Activity, nested } from '../../base/index.js';
import type { Model } from '../../onnx/index.js';
import type { MakeModels } from '../models/maker.js';
import type { Workspace } from '../models/workspace.js';
import type { ModelInfo } from '../results/info.js';

/**
 * Makes models again whose files are gone or were damaged since they were measured. A stage is a pure function of what it is made from, so that
 * its figures stay true.
 */
export async function restoreModels(
  models: readonly Pick<ModelInfo, 'id' | 'recipe'>[],
  { make, teacher, workspace, activity }: { make: MakeModels; teacher?: Model; workspace: Pick<Workspace, 'load'>; activity: Activity },
): Promise<void> {
  for (const { id, recipe } of models) if (!(await workspace.load(id))) await make(recipe, nested(activity, 'restore'), teacher);
}
