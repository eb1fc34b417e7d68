import { copyModel, type Graph, graphsOf, type Model, type PassTable, type Tensor } from '../../onnx/index.js';
import type { Runtime } from '../runtime/index.js';
import { type CompilerContext, FoldingEffort } from './fold-constants.js';
import { passes } from './table.js';

/** Every round removes at least one node or moves one towards the inputs; real models take two or three. */
const MAX_ROUNDS = 50;
/** How much larger constants may become, relative and in bytes, for the sake of fewer nodes. */
const GROWTH = 0.01;
const SLACK = 4096;

/**
 * A copy of a model that computes the same with fewer nodes: functions written out, constants folded, moves cancelled, batch normalization folded
 * into the layer before (past a max-pool, too), rows and columns that nothing reads left out of convolutions, equal nodes merged and dead ones removed,
 * until nothing changes. Weights that are also inputs
 * (all were, before IR version 4) become weights only. Where folding would make the weights larger, large results stay computed.
 * @param table whose passes of the kind `simplify` are run. Default: `passes`.
 * @throws GraphError where the graph contradicts itself.
 */
export async function simplify(source: Model, runtime: Runtime, table: PassTable<CompilerContext> = passes): Promise<Model> {
  const bytes = storedBytes(source.graph);
  const simplified = async (effort: FoldingEffort) => {
    const model = copyModel(source);
    await table.settle(model, table.all('simplify'), { runtime, effort }, MAX_ROUNDS);
    return model;
  };
  const model = await simplified(new FoldingEffort());
  const folded = storedBytes(model.graph);
  if (folded <= bytes + Math.max(SLACK, GROWTH * bytes)) return model;
  const frugal = await simplified(new FoldingEffort({ largest: 0 }));
  return storedBytes(frugal.graph) < folded ? frugal : model;
}

/** Bytes of all constants as a file holds them. */
function storedBytes(graph: Graph): number {
  const stored = graphsOf(graph).flatMap(({ initializers, nodes }): (Tensor | undefined)[] => [
    ...[...initializers].map(({ initializer }) => initializer),
    ...nodes.map(({ outputs: [output] }) => output?.constant),
  ]);
  return stored.reduce((sum, tensor) => sum + (tensor?.byteLength ?? 0), 0);
}
