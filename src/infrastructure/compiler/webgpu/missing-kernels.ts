import { lookup } from '../../../base/index.js';
import { codeOf, type Graph, type GraphBuilder, type Model, type Node, type Pass, staticShape, type Value } from '../../../onnx/index.js';
import { typedBuilder } from '../../../ops/index.js';

interface Context {
  readonly build: GraphBuilder;
  readonly node: Node;
  readonly inputs: readonly Value[];
  readonly opset: number;
}

/** Says an operator in others that have kernels. Undefined where this use of it cannot be said. */
type WrittenOut = (context: Context) => Value | undefined;

const float = codeOf('float32');

/**
 * Operators of which ONNX Runtime's WebGPU provider (1.30) has no kernel, but kernels of all that they are made of. In the middle of a graph each would cost a
 * copy to the processor and one back, which the graphics card waits for.
 */
const writtenOut: Readonly<Record<string, WrittenOut>> = {
  Sum: ({ build, inputs }) => inputs.reduce((sum, input) => build.op('Add', [sum, input])),
  Mean: ({ build, inputs }) =>
    build.op('Mul', [inputs.reduce((sum, input) => build.op('Add', [sum, input])), build.scalar(1 / inputs.length)]),
  Sign: ({ build, inputs: [x] }) => {
    const is = (comparison: string) => build.op('Cast', [build.op(comparison, [x, build.scalar(0)])], { to: float });
    return build.op('Sub', [is('Greater'), is('Less')]);
  },
  Round: ({ build, inputs: [x] }) => rounded(build, x),
  Softsign: ({ build, inputs: [x] }) => build.op('Div', [x, build.op('Add', [build.op('Abs', [x]), build.scalar(1)])]),
  Celu: ({ build, node, inputs: [x] }) => {
    const alpha = build.scalar(node.float('alpha', 1));
    return build.op('Mul', [build.op('Elu', [build.op('Div', [x, alpha])]), alpha]);
  },
  Selu: ({ build, node, inputs: [x] }) => {
    const alpha = node.attributes.get('alpha') ?? { type: 'float', value: SELU_ALPHA };
    return build.op('Mul', [build.op('Elu', [x], { alpha }), build.scalar(node.float('gamma', SELU_GAMMA))]);
  },
  LogSoftmax: logSoftmax,
  SpaceToDepth: spaceToDepth,
  BitShift: shifted,
};

/** What the standard says of Selu without attributes. */
const SELU_ALPHA = 1.6732631921768188;
const SELU_GAMMA = 1.0507010221481323;

/** Only floats of 32 bits have kernels throughout; the shift is of whole numbers. */
const typeOf = (op: string) => (op === 'BitShift' ? 'uint32' : 'float32');

function writeOut(model: Model, graph: Graph): number {
  let count = 0;
  const build = typedBuilder(graph, model.opsets, { prefix: 'webgpu' });
  for (const node of [...graph.nodes]) {
    for (const inner of node.subgraphs()) count += writeOut(model, inner);
    const [output] = node.outputs;
    const rule = node.domain === '' ? lookup(writtenOut, node.op) : undefined;
    const inputs = node.inputs.filter((input) => input !== undefined);
    if (!rule || !output || inputs.some(({ dtype }) => dtype !== typeOf(node.op))) continue;
    const written = rule({ build, node, inputs, opset: model.opset });
    if (!written) continue;
    graph.replace(output, written);
    graph.remove(node);
    count++;
  }
  graph.sort();
  return count;
}

export const missingKernels: Pass = {
  name: 'webgpu-missing-kernels',
  summary: 'Operators of which the WebGPU provider has no kernel are said in those that it has.',
  kind: 'runtime',
  requires: [],
  ensures: [],
  run: (model) => writeOut(model, model.graph),
};

/** To the nearest whole number, of two to the even one: what lies above Floor is exact, so that no sum is rounded on the way. */
export function rounded(build: GraphBuilder, x: Value): Value {
  const mask = (comparison: string, a: Value, b: Value) => build.op('Cast', [build.op(comparison, [a, b])], { to: float });
  const low = build.op('Floor', [x]);
  const rest = build.op('Sub', [x, low]);
  const half = build.scalar(0.5);
  const halved = build.op('Mul', [low, half]);
  const isOdd = mask('Greater', build.op('Sub', [halved, build.op('Floor', [halved])]), build.scalar(0));
  const up = build.op('Add', [mask('Greater', rest, half), build.op('Mul', [mask('Equal', rest, half), isOdd])]);
  return build.op('Add', [low, up]);
}

/** x - max - log(sum(exp(x - max))). Before opset 13 the axes from `axis` on were one. */
function logSoftmax({ build, node, inputs: [x], opset }: Context): Value | undefined {
  if (opset < 13) return undefined;
  const axis = node.int('axis', -1);
  const axes = build.ints([axis]);
  const largest = opset < 18 ? build.op('ReduceMax', [x], { axes: [axis] }) : build.op('ReduceMax', [x, axes]);
  const centred = build.op('Sub', [x, largest]);
  return build.op('Sub', [centred, build.op('Log', [build.op('ReduceSum', [build.op('Exp', [centred]), axes])])]);
}

/** [n, c, h, w] is [n, c, h / b, b, w / b, b] as blocks; their places go before the channels. */
function spaceToDepth({ build, node, inputs: [x] }: Context): Value | undefined {
  const shape = staticShape(x.shape);
  if (!shape) return undefined;
  const [samples, channels, rows, columns] = shape;
  const block = node.int('blocksize', 1);
  const reshape = (value: Value, dims: readonly number[]) => build.op('Reshape', [value, build.ints(dims)]);
  const blocks = reshape(x, [samples, channels, rows / block, block, columns / block, block]);
  const moved = build.op('Transpose', [blocks], { perm: [0, 3, 5, 1, 2, 4] });
  return reshape(moved, [samples, channels * block ** 2, rows / block, columns / block]);
}

/** By a number of bits that is known: a product or a quotient of whole numbers. */
function shifted({ build, node, inputs: [x, bits] }: Context): Value | undefined {
  const [amount, ...others] = bits.constant?.numbers() ?? [];
  if (amount === undefined || others.length > 0 || amount > 31) return undefined;
  return build.op(node.string('direction', '') === 'LEFT' ? 'Mul' : 'Div', [x, build.scalar(2 ** amount, 'uint32')]);
}
