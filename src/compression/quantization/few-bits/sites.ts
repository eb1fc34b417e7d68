import { sizeOf } from '../../../base/index.js';
import {
  constantFloat,
  type Graph,
  homeOf,
  type Model,
  type Node,
  nodesOf,
  type Tensor,
  type Use,
  type Value,
} from '../../../onnx/index.js';
import { layerOf } from '../../../ops/index.js';
import { type WeightMatrix, weightMatrices } from '../../matrices.js';
import { Places } from '../places.js';
import type { Plan } from '../plan.js';
import { isLookup } from '../tables.js';
import type { Rows } from './block-grid.js';

/**
 * How a weight of few bits is read:
 * 'product': by MatMulNBits, from the packed bits;
 * 'table': rows are looked up as they are, and only what was found is unpacked;
 * 'unpacked': as a whole, by nodes that a runtime computes once, when it loads the model.
 */
export type Reading = 'product' | 'table' | 'unpacked';

/** A weight that can be stored in few bits. */
export interface Site {
  readonly value: Value;
  /** The first node that reads it, by name: what people call it. */
  readonly node: string;
  readonly uses: readonly Use[];
  readonly reading: Reading;
  /** Where what stands for it goes. */
  readonly place: Graph;
  /** The weight with one row for each output, where the layer is a plain one. */
  readonly matrix?: WeightMatrix;
  readonly shape: readonly number[];
  readonly weight: Rows;
}

/** The weights of a prepared model that a plan stores, by what reads them. */
export function sitesOf(model: Model, plan: Plan): Site[] {
  const { graph } = model;
  const nodes = new Map(nodesOf(graph).map((node) => [node.name, node]));
  const matrices = weightMatrices(model);
  const places = new Places(graph);
  const inputs = new Map<Node, Set<number>>();
  const values = new Map<Value, string>();
  for (const { node: name, weight } of plan.stored) {
    const node = nodes.get(name);
    const value = node && weight && node.inputs[weight.input];
    if (!value) continue;
    inputs.set(node, (inputs.get(node) ?? new Set()).add(weight.input));
    if (!values.has(value)) values.set(value, name);
  }
  const stored = [...values].flatMap(([value, node]) => {
    const uses = value.uses();
    const tensor = constantFloat(graph, value);
    if (!tensor || !uses.every((use) => inputs.get(use.node)?.has(use.index))) return [];
    const matrix = matrices.get(value.name);
    const reading: Reading = matrix && isProduct(matrix) ? 'product' : 'unpacked';
    const weight = reading === 'product' && matrix ? rowsOf(tensor, matrix.outputs) : inLine(tensor, uses[0].node);
    return [{ value, node, uses, reading, place: places.of(value), ...(matrix && { matrix }), shape: tensor.shape, weight }];
  });
  return [...stored, ...tablesOf(plan, nodes)];
}

/** Tables that nothing but look-ups read. */
function tablesOf(plan: Plan, nodes: ReadonlyMap<string, Node>): Site[] {
  const wanted = new Set(plan.tables);
  const found = new Map<Value, Site>();
  for (const name of plan.tables) {
    const node = nodes.get(name);
    const [value] = node?.inputs ?? [];
    const home = value && node?.graph && homeOf(value, node.graph);
    const tensor = home && constantFloat(home, value);
    if (!node || !value || !home || !tensor || found.has(value)) continue;
    const uses = value.uses();
    if (!uses.every((use) => wanted.has(use.node.name) && isLookup(home, use.node))) continue;
    found.set(value, { value, node: name, uses, reading: 'table', place: home, shape: tensor.shape, weight: inLine(tensor, node) });
  }
  return [...found.values()];
}

/** Whether MatMulNBits takes a node's place. */
function isProduct({ node, isKernel }: WeightMatrix): boolean {
  return !isKernel && layerOf(node)?.factors.every((factor) => factor === 1) === true;
}

/** A weight of two axes with one row for each index of one of them. */
function rowsOf(tensor: Tensor, outputs: number): Rows {
  const [rows, columns] = [tensor.shape[outputs], tensor.shape[1 - outputs]];
  const values = tensor.toFloat32();
  if (outputs === 0) return { values, rows, columns };
  const turned = new Float32Array(values.length);
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) turned[row * columns + column] = values[column * rows + row];
  return { values: turned, rows, columns };
}

/** A weight as it lies in memory: stacks of matrices, which kernels are not, by the rows of each, else by the first axis. */
function inLine(tensor: Tensor, reader: Node): Rows {
  const kind = layerOf(reader)?.kind;
  const isStack = tensor.shape.length === 3 && kind !== 'kernel' && kind !== 'spread';
  const rows = isStack ? sizeOf(tensor.shape.slice(0, 2)) : tensor.shape[0];
  return { values: tensor.toFloat32(), rows, columns: tensor.size / rows };
}

/** A weight's numbers in the order of its own axes. */
export function inOwnOrder(site: Site, rows: Float32Array): Float32Array {
  const { matrix, weight, reading } = site;
  if (reading !== 'product' || matrix?.outputs === 0) return rows;
  const own = new Float32Array(rows.length);
  for (let row = 0; row < weight.rows; row++)
    for (let column = 0; column < weight.columns; column++) own[column * weight.rows + row] = rows[row * weight.columns + column];
  return own;
}

/** The other way round: numbers in the order of the weight's own axes, with one row for each output. */
export function inRows(site: Site, own: Float32Array): Float32Array {
  const { matrix, weight, reading } = site;
  if (reading !== 'product' || matrix?.outputs === 0) return own;
  const { rows, columns } = weight;
  return Float32Array.from(own, (_, i) => own[(i % columns) * rows + Math.floor(i / columns)]);
}
