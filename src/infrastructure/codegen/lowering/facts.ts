import { UnsupportedError } from '../../../base/index.js';
import { type Graph, type Node, staticShape, type Value } from '../../../onnx/index.js';
import { type KernelRule, kernelOf } from '../kernels/index.js';
import { type Buffer, number, type StorageType, storageOf } from '../loops/index.js';
import { type Operand, operationsOf, rowMajor, storedOperand } from '../operands/index.js';

/** What may be computed again by each reader rather than be stored. */
const CHEAP_OPERATIONS = 2;

/** @throws UnsupportedError where it is missing. */
export function inputOf(node: Node, index: number): Value {
  const value = node.inputs[index];
  if (!value) throw new UnsupportedError({ what: `Input ${index} is missing`, where: node.label });
  return value;
}

/** @throws UnsupportedError where it is missing. */
export function outputOf(node: Node, index: number): Value {
  const value = node.outputs[index];
  if (!value) throw new UnsupportedError({ what: `Output ${index} is missing`, where: node.label });
  return value;
}

/** @throws UnsupportedError naming an operator that has no kernel. */
export function requireKernel(node: Node): KernelRule {
  const rule = kernelOf(node);
  if (rule) return rule;
  const operator = node.domain ? `${node.domain}.${node.op}` : node.op;
  throw new UnsupportedError({ what: `There is no kernel for ${operator}, so the model cannot be compiled`, where: node.label });
}

/** A value whose elements lie row-major in a buffer. */
export function plainOperand(value: Value, buffer: Buffer): Operand {
  const shape = shapeOf(value);
  return storedOperand(shape, { buffer, strides: rowMajor(shape), offset: 0 });
}

/** @throws UnsupportedError where a shape is not static. */
export function shapeOf(value: Value): number[] {
  const shape = staticShape(value.constant?.shape ?? value.shape);
  if (shape) return shape;
  throw new UnsupportedError({
    what: 'A shape depends on the data or on an open dimension: compiled code needs fixed ones',
    where: `"${value.name}"`,
    fix: 'Give each input a shape: --shape NAME=1x3x224x224.',
  });
}

/** @throws UnsupportedError for types that no target computes with. */
export function typeOf(value: Value): StorageType {
  const dtype = value.constant?.dtype ?? value.dtype;
  const type = storageOf(dtype);
  if (type) return type;
  throw new UnsupportedError({ what: `Compiled code has no type ${dtype ?? '(unknown)'}`, where: `"${value.name}"` });
}

/** @throws UnsupportedError where a branch gives another shape than its node. */
export function requireShape(node: Node, shape: readonly number[], expected: readonly number[]): void {
  if (shape.join() === expected.join()) return;
  throw new UnsupportedError({
    what: 'Its branches give different shapes, so the model cannot be compiled',
    where: node.label,
    expected: `[${expected}]`,
    got: `[${shape}]`,
  });
}

/** Whether each reader may as well compute an operand. */
export function isCheap(operand: Operand): boolean {
  const counts = operand.shape.map(() => number(0));
  return operationsOf(operand.at(counts)) <= CHEAP_OPERATIONS;
}

/** Whether anything reads a value, or it is a result. */
export function isWanted(value: Value | undefined, graph: Graph): boolean {
  return value !== undefined && (value.users.length > 0 || graph.outputs.includes(value));
}

/** The short name of a node's kernels. */
export function kindOf(node: Node | undefined): string {
  return node ? node.op.replace(/([a-z])([A-Z])/g, '$1_$2').toLowerCase() : 'copy';
}
