import { type Graph, integerLimits, type Node, Tensor, tensorType, type Value } from '../../../onnx/index.js';

/**
 * Where each operator takes indices. ONNX allows them to be int32.
 */
const indices: Readonly<Record<string, number>> = {
  Gather: 1,
  GatherElements: 1,
  GatherND: 1,
  ScatterElements: 1,
  ScatterND: 1,
};
const COMPARISONS = new Set(['Equal', 'Less', 'LessOrEqual', 'Greater', 'GreaterOrEqual']);
const ARITHMETIC = new Set(['Add', 'Sub', 'Mul']);
/** They move elements; what they read beside their first input are shapes, axes and places. */
const MOVES = new Set(['Reshape', 'Flatten', 'Squeeze', 'Unsqueeze', 'Transpose', 'Expand', 'Slice', 'Identity']);

/**
 * Makes int64 inputs int32, in place, as far as nothing but indices, comparisons and conversions to float32 follows from them: ONNX Runtime's WebGPU provider (1.30)
 * leaves whole numbers of 64 bits to the processor. Where numbers are computed with, they must be indices in the end, which are below a tensor's size.
 * @param fixed inputs that keep their type.
 * @returns the inputs that became int32: what they are fed must be, too.
 */
export function narrowIntegers(graph: Graph, fixed: readonly string[] = []): string[] {
  const narrowed: string[] = [];
  for (const input of graph.inputs) {
    if (input.dtype !== 'int64' || input.initializer || fixed.includes(input.name)) continue;
    const found = new Map<Value, 'given' | 'computed'>();
    if (input.users.length === 0 || !follow(graph, input, 'given', found)) continue;
    for (const value of found.keys()) {
      value.type = tensorType('int32', value.shape);
      for (const reader of value.users) narrowConstants(graph, reader);
    }
    narrowed.push(input.name);
  }
  return narrowed;
}

/** Collects what is to be int32 if `value` is. @returns false where something needs 64 bits. */
function follow(graph: Graph, value: Value, state: 'given' | 'computed', found: Map<Value, 'given' | 'computed'>): boolean {
  if (found.get(value) === state || found.get(value) === 'computed') return true;
  if (graph.outputs.includes(value)) return false;
  found.set(value, state);
  return value.users.every((reader) => {
    if (reader.domain !== '' || reader.graph !== graph) return false;
    if (indices[reader.op] !== undefined) return reader.inputs.every((input, index) => input !== value || index === indices[reader.op]);
    if (COMPARISONS.has(reader.op)) return state === 'given' && hasSmallConstant(reader, value);
    if (reader.op === 'Cast') return state === 'given' && reader.outputs[0]?.dtype === 'float32';
    const [output] = reader.outputs;
    if (!output) return false;
    if (MOVES.has(reader.op))
      return reader.inputs.indexOf(value) === 0 && !reader.inputs.includes(value, 1) && follow(graph, output, state, found);
    return ARITHMETIC.has(reader.op) && hasSmallConstant(reader, value) && follow(graph, output, 'computed', found);
  });
}

/** Whether an operator of two inputs reads, beside a value, whole numbers that are known and fit into 32 bits. */
function hasSmallConstant({ inputs }: Node, value: Value): boolean {
  const [low, high] = integerLimits('int32') as readonly [number, number];
  const [other] = inputs.filter((input) => input !== value);
  return other?.constant?.numbers().every((number) => number >= low && number <= high) ?? false;
}

/** Constants of the other side, where an operator takes both of one type. */
function narrowConstants(graph: Graph, reader: Node): void {
  if (!COMPARISONS.has(reader.op) && !ARITHMETIC.has(reader.op)) return;
  reader.inputs.forEach((input, index) => {
    if (input?.dtype !== 'int64' || !input.constant) return;
    const numbers = Int32Array.from(input.constant.numbers());
    reader.setInput(index, graph.addInitializer(graph.freshName(`${input.name}_int32`), Tensor.of('int32', input.constant.shape, numbers)));
  });
}
