import { copyModel, type Model, type PassTable } from '../../onnx/index.js';
import type { Runtime } from '../runtime/index.js';
import { type CompilerContext, FoldingEffort } from './fold-constants.js';
import { passes } from './table.js';

/** Every round removes at least one node or moves one towards the inputs; real models take two or three. */
const MAX_ROUNDS = 50;

/**
 * A copy of a model that computes the same with fewer nodes: functions written out, constants folded, moves cancelled, batch normalization folded
 * into the layer before (past a max-pool, too), rows and columns that nothing reads left out of convolutions, equal nodes merged and dead ones removed,
 * until nothing changes. Weights that are also inputs
 * (all were, before IR version 4) become weights only.
 * @param table whose passes of the kind `simplify` are run. Default: `passes`.
 * @throws GraphError where the graph contradicts itself.
 */
export async function simplify(source: Model, runtime: Runtime, table: PassTable<CompilerContext> = passes): Promise<Model> {
  const model = copyModel(source);
  await table.settle(model, table.all('simplify'), { runtime, effort: new FoldingEffort() }, MAX_ROUNDS);
  return model;
}
