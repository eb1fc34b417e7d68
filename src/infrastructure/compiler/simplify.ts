import {
  constantsToInitializers,
  copyModel,
  type Graph,
  graphsOf,
  inlineFunctions,
  type Model,
  mergeCommonSubexpressions,
  removeDeadCode,
  shareConstants,
  type Tensor,
} from '../../onnx/index.js';
import { inferShapes } from '../../ops/index.js';
import type { Runtime } from '../runtime/index.js';
import { cancelMoves } from './cancel-moves.js';
import { FoldingEffort, foldConstants } from './fold-constants.js';
import { foldNormalization } from './fold-normalization.js';
import { hoistAbovePools } from './hoist-above-pools.js';
import { trimUnread } from './trim-unread.js';

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
 * @throws GraphError where the graph contradicts itself.
 */
export async function simplify(source: Model, runtime: Runtime): Promise<Model> {
  const bytes = storedBytes(source.graph);
  const model = await simplified(source, runtime, new FoldingEffort());
  const folded = storedBytes(model.graph);
  if (folded <= bytes + Math.max(SLACK, GROWTH * bytes)) return model;
  const frugal = await simplified(source, runtime, new FoldingEffort({ largest: 0 }));
  return storedBytes(frugal.graph) < folded ? frugal : model;
}

async function simplified(source: Model, runtime: Runtime, effort: FoldingEffort): Promise<Model> {
  const inlined = inlineFunctions(source);
  const model = inlined === source ? copyModel(source) : inlined;
  const { graph } = model;
  dropDefaultInputs(graph);
  model.irVersion = Math.max(model.irVersion, 4);
  constantsToInitializers(graph);
  for (let round = 0, changes = 1; changes > 0 && round < MAX_ROUNDS; round++) {
    inferShapes(model);
    changes = await foldConstants(model, runtime, effort);
    changes += cancelMoves(graph);
    changes += hoistAbovePools(graph);
    changes += foldNormalization(graph);
    changes += trimUnread(graph);
    changes += mergeCommonSubexpressions(graph);
    changes += shareConstants(graph);
    changes += removeDeadCode(graph);
  }
  return model;
}

function dropDefaultInputs(graph: Graph): void {
  const { feeds } = graph;
  graph.inputs.length = 0;
  for (const feed of feeds) graph.inputs.push(feed);
}

/** Bytes of all constants as a file holds them. */
function storedBytes(graph: Graph): number {
  const stored = graphsOf(graph).flatMap(({ initializers, nodes }): (Tensor | undefined)[] => [
    ...[...initializers].map(({ initializer }) => initializer),
    ...nodes.flatMap((node) => (node.op === 'Constant' ? [node.outputs[0]?.constant] : [])),
  ]);
  return stored.reduce((sum, tensor) => sum + (tensor?.byteLength ?? 0), 0);
}
