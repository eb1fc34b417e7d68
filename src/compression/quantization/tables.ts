import { constantFloat, type Graph, graphsOf, homeOf, type Model, type Node, type Tensor, type Value } from '../../onnx/index.js';
import { traitsOf, typedBuilder } from '../../ops/index.js';
import { gridTensors, quantizeWeight, type WeightGrid, type WeightOptions, weightGrid } from './weights.js';

/** Tables with fewer numbers are not worth two more operators. */
const SMALLEST_TABLE = 1024;

/** Whether a node looks rows up in a constant table of floats: an embedding. */
export function isLookup(graph: Graph, node: Node): boolean {
  if (node.op !== 'Gather' || traitsOf(node).lookup?.(node) !== 0) return false;
  const table = constantFloat(graph, node.inputs[0]);
  const rank = node.inputs[1]?.shape?.length;
  return table?.shape.length === 2 && table.size >= SMALLEST_TABLE && rank !== undefined;
}

/** Stores tables as integers, in place and where they stand: rows are looked up as they are, and only what was found is turned into floats. */
export function storeTables(model: Model, nodes: readonly string[], options: WeightOptions): void {
  const wanted = new Set(nodes);
  const stored = new Map<Value, StoredTable | undefined>();
  for (const graph of graphsOf(model.graph)) {
    const build = typedBuilder(graph, model.opsets);
    for (const node of graph.nodes.filter((each) => wanted.has(each.name))) {
      const [table, indices] = node.inputs;
      const [found] = node.outputs;
      const home = table && homeOf(table, graph);
      if (!table || !home || !indices || !found) continue;
      const parts = stored.get(table) ?? store(home, table, options);
      if (!parts) continue;
      stored.set(table, parts);
      const rows = build.op('Gather', [parts.integers, indices], { axis: 0 });
      const axis = parts.grid.axis === undefined ? undefined : indices.shape?.length;
      graph.replace(found, build.op('DequantizeLinear', [rows, parts.scale, parts.zeroPoint], { axis }));
      graph.remove(node);
      if (table.readers.size === 0 && !home.outputs.includes(table)) home.initializers.delete(table);
    }
  }
}

interface StoredTable {
  grid: WeightGrid;
  integers: Value;
  scale: Value;
  zeroPoint: Value;
}

function store(home: Graph, value: Value, options: WeightOptions): StoredTable | undefined {
  const table = constantFloat(home, value);
  if (!table) return undefined;
  // Gather takes no 4-bit integers.
  const type = options.type === 'int4' ? 'int8' : options.type;
  const grid = weightGrid(table, 1, { ...options, type, reduceRange: false });
  const { scale, zeroPoint } = gridTensors(grid);
  const add = (suffix: string, tensor: Tensor) => home.addInitializer(home.freshName(`${value.name}_${suffix}`), tensor);
  return {
    grid,
    integers: add('quantized', quantizeWeight(table, grid)),
    scale: add('scale', scale),
    zeroPoint: add('zero_point', zeroPoint),
  };
}
