import { UnsupportedError } from '../../base/index.js';
import {
  bytesOf,
  type Condition,
  copyModel,
  type Dim,
  type Model,
  type Node,
  type Pass,
  peakBytes,
  SymbolicDim,
  staticShape,
  Tensor,
  type Value,
} from '../../onnx/index.js';
import { inferShapes } from '../../ops/index.js';
import { makeFeeds } from '../hardware/index.js';
import type { Runtime } from '../runtime/index.js';
import { forgetShapes } from './forget-sizes.js';

/** Name of the dimension that becomes free. */
const BATCH = 'batch';
/** Samples that the check compares. */
const SAMPLES = 3;
/** Memory that one run may take by its shapes, in bytes: it is only a trial. */
const MOST_MEMORY = 2 ** 31;
/** Largest difference that rounding explains, relative to the largest answer. */
const TOLERANCE = 1e-3;
/** The same where activations are quantized by the range of the whole batch, which is another one for each batch. */
const DYNAMIC_TOLERANCE = 0.2;

/** The batch size that all inputs of a model are fixed to; undefined where it is open already or they do not agree on one. */
export function fixedBatch(model: Model): number | undefined {
  const first = model.graph.feeds.map((input) => input.shape?.[0]);
  return first.length > 0 && first.every((dim) => typeof dim === 'number' && dim === first[0]) ? (first[0] as number) : undefined;
}

/**
 * A copy of a model that takes any number of samples at once, made of one that was exported for a fixed number: the first dimension of inputs
 * becomes symbolic, and constant target shapes no longer name it. That each sample still gets its own answer is checked by running both.
 * @throws UnsupportedError where the samples of a batch cannot be told apart in this graph.
 */
export async function freeBatch(source: Model, runtime: Runtime): Promise<Model> {
  const size = fixedBatch(source);
  if (size === undefined) return source;
  const model = copyModel(source);
  inferShapes(model);
  for (const node of model.graph.nodes) freeTargetShape(model, node, size);
  for (const input of model.graph.feeds) input.type = withFirst(input, SymbolicDim.named(BATCH));
  for (const output of model.graph.outputs) if (output.shape?.[0] === size) output.type = withFirst(output, SymbolicDim.named(BATCH));
  forgetShapes(model.graph);
  const refuse = (reason: string, cause?: unknown) =>
    new UnsupportedError(
      {
        what: `The model works for ${size} sample(s) at a time only: ${reason}`,
        where: source.source,
        fix: 'Export it with a symbolic batch dimension.',
      },
      { cause },
    );
  try {
    inferShapes(model);
  } catch (cause) {
    throw refuse((cause as Error).message, cause);
  }
  const bytes = peakBytes(source.graph, source.graph.nodes, (value) => bytesOf(value) ?? 0) * SAMPLES;
  if (!(bytes <= MOST_MEMORY)) throw refuse(`a trial with ${SAMPLES} of them would take ${bytes} bytes of memory`);
  const difference = await compare(source, model, size, runtime).catch((cause: unknown) => {
    throw refuse(`with more it fails (${(cause as Error).message})`, cause);
  });
  const dynamic = source.graph.nodes.some((node) => node.op === 'DynamicQuantizeLinear');
  if (!(difference < (dynamic ? DYNAMIC_TOLERANCE : TOLERANCE))) throw refuse('with more its answers differ');
  return model;
}

export const batchIsOpen: Condition = { name: 'the number of samples is open', holds: (model) => fixedBatch(model) === undefined };

export const freedBatch: Pass<{ readonly runtime: Runtime }, Promise<number>> = {
  name: 'free-batch',
  summary: 'Opens a batch dimension that was exported as a number, and checks that samples keep their answers.',
  kind: 'form',
  requires: [],
  ensures: [batchIsOpen],
  run: async (model, { runtime }) => {
    model.graph = (await freeBatch(model, runtime)).graph;
    return model.graph.nodes.length;
  },
};

/** Reshape's constant target: the batch is copied from the data (0), or worked out (-1). */
function freeTargetShape(model: Model, node: Node, size: number): void {
  const target = node.inputs[1]?.constant;
  if (node.op !== 'Reshape' || node.domain !== '' || !target || target.shape.length !== 1) return;
  const dims = Array.from(target.numbers());
  if (dims[0] !== size || node.int('allowzero', 0) !== 0) return;
  if (node.inputs[0]?.shape?.[0] === size) dims[0] = 0;
  else if (!dims.includes(-1)) dims[0] = -1;
  else return;
  const value = model.graph.addInitializer(
    model.graph.freshName(`${node.inputs[1]?.name}_free`),
    Tensor.from('int64', [dims.length], dims),
  );
  node.setInput(1, value);
}

function withFirst(value: Value, first: Dim): Value['type'] {
  return value.type?.kind === 'tensor' && value.shape ? { ...value.type, shape: [first, ...value.shape.slice(1)] } : value.type;
}

/** Largest difference, relative to the largest answer, between one batch of samples and the same samples one by one. */
async function compare(source: Model, freed: Model, size: number, runtime: Runtime): Promise<number> {
  const parts = Array.from({ length: SAMPLES }, (_, seed) => makeFeeds(source, { seed, bindings: openSizes(source) }));
  const names = Object.keys(parts[0]);
  const joined = Object.fromEntries(names.map((name) => [name, join(parts.map((part) => part[name]))]));
  const many = await runtime.compile(freed, { threads: 1 });
  const single = await runtime.compile(source, { threads: 1 }).catch(async (cause: unknown) => {
    await many.dispose();
    throw cause;
  });
  try {
    const whole = await many.run(joined);
    let largest = 0;
    let scale = 1e-6;
    for (const [index, part] of parts.entries()) {
      const answers = await single.run(part);
      for (const { name } of source.graph.outputs) {
        const expected = answers[name].numbers();
        const all = whole[name].numbers();
        const got = all.subarray(index * expected.length, (index + 1) * expected.length);
        if (all.length !== expected.length * SAMPLES || staticShape(whole[name].shape)?.[0] !== size * SAMPLES)
          return Number.POSITIVE_INFINITY;
        expected.forEach((value, i) => {
          largest = Math.max(largest, Math.abs(value - got[i]));
          scale = Math.max(scale, Math.abs(value));
        });
      }
    }
    return largest / scale;
  } finally {
    await single.dispose();
    await many.dispose();
  }
}

/** A size for every open dimension of the inputs: any will do to compare samples. */
function openSizes(model: Model): Record<string, number> {
  const open = model.graph.feeds.flatMap(({ shape }) => (shape ?? []).filter((dim) => typeof dim !== 'number'));
  return Object.fromEntries(open.map((dim) => [dim.text, 8]));
}

/** Tensors one after the other along the first axis. */
function join(tensors: readonly Tensor[]): Tensor {
  const [first] = tensors;
  const bytes = new Uint8Array(tensors.reduce((sum, tensor) => sum + tensor.byteLength, 0));
  let offset = 0;
  for (const tensor of tensors) {
    bytes.set(tensor.bytes(), offset);
    offset += tensor.byteLength;
  }
  return new Tensor(first.dtype, [first.shape[0] * tensors.length, ...first.shape.slice(1)], bytes);
}
