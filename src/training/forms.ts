import { OptionError, sizeOf } from '../base/index.js';
import { codeOf, type Graph, type GraphBuilder, type Node, staticShape, Tensor, type Value } from '../onnx/index.js';
import { traitsOf } from '../ops/index.js';

/** What the training form of a graph needs besides its weights. */
export interface TrainingForm {
  /** Running means and variances, which training moves without a gradient. */
  statistics: Value[];
  /** BatchNormalization nodes in training mode: to be expanded once the gradient, which has a rule for them, is written. */
  normalizations: Node[];
}

/**
 * Changes a graph from inference to training, in place: BatchNormalization normalizes by the batch and keeps running statistics, Dropout
 * drops. Everything else is the same in both.
 * @param seed a uint32 scalar that differs at each step; what is dropped depends on it alone.
 * @param options.stay nodes that stay as they are. Default: none.
 */
export function toTrainingForm(
  build: GraphBuilder,
  seed: Value,
  options: { freezeStatistics?: boolean; stay?: ReadonlySet<Node> } = {},
): TrainingForm {
  const form: TrainingForm = { statistics: [], normalizations: [] };
  let dropouts = 0;
  for (const node of [...build.graph.nodes]) {
    if (node.domain !== '' || options.stay?.has(node)) continue;
    if (node.op === 'BatchNormalization' && !options.freezeStatistics) trainNormalization(build, node, form);
    else if (node.op === 'Dropout') trainDropout(build, node, seed, dropouts++);
  }
  build.graph.sort();
  return form;
}

/** Running means and variances of normalizations: they follow from the data, and no gradient changes them. */
export function runningStatistics(graph: Graph): Value[] {
  return graph.nodes.flatMap((node) => {
    const { mean, variance } = traitsOf(node).normalization ?? {};
    return [mean, variance].flatMap((index) => (index === undefined ? undefined : node.inputs[index]) ?? []);
  });
}

/** Running statistics become outputs 1 and 2 (training mode of opset 15). */
function trainNormalization(build: GraphBuilder, node: Node, form: TrainingForm): void {
  const statistics = [node.inputs[3], node.inputs[4]];
  if (!statistics.every((value) => value?.initializer)) return;
  node.attributes.set('training_mode', { type: 'int', value: 1 });
  statistics.forEach((initializer, index) => {
    const { name } = initializer as Value;
    node.setOutput(index + 1, node.outputs[index + 1] ?? build.value(`${name}_next`));
    form.statistics.push(initializer as Value);
  });
  build.type(node);
  form.normalizations.push(node);
}

/** x * mask / keep, with a mask of independent bits from a counter-based generator: the same seed drops the same on every machine. */
function trainDropout(build: GraphBuilder, node: Node, seed: Value, stream: number): void {
  const [input, ratio] = node.inputs;
  const [output] = node.outputs;
  const shape = staticShape(input?.shape);
  if (!input || !output || !shape) throw new OptionError({ what: 'Dropout needs an input of static shape', where: node.label });
  const drop = ratio?.constant?.numbers()[0] ?? 0.5;
  if (!(drop >= 0 && drop < 1))
    throw new OptionError({ what: 'Not a ratio to drop by', where: node.label, expected: 'a number in [0, 1)', got: String(drop) });
  if (drop === 0) {
    build.graph.replace(output, input);
    return;
  }
  const keep = uniformBelow(build, seed, stream, sizeOf(shape), 1 - drop);
  const scaled = build.op('Mul', [build.op('Cast', [keep], { to: codeOf('float32') }), build.scalar(1 / (1 - drop))]);
  build.graph.replace(output, build.op('Mul', [input, build.op('Reshape', [scaled, build.ints(shape)])]));
}

/** Rounds of the hash below, after which its bits are as independent of each bit of its input as chance makes them (avalanche over 2^20 inputs). */
const ROUNDS = 3;

/**
 * `count` booleans, true with probability `probability`: a hash of (element, stream, seed), its upper 24 bits compared with a threshold. The hash is the
 * quadratic function of RC6 (Rivest et al. 1998), x (2x + 1), with its halves exchanged between rounds, in uint32 arithmetic: products, sums and shifts alone, for which
 * every backend has kernels.
 */
function uniformBelow(build: GraphBuilder, seed: Value, stream: number, count: number, probability: number): Value {
  const uint32 = codeOf('uint32');
  const unsigned = (value: number) => build.scalar(value >>> 0, 'uint32');
  const counter = build.op(
    'Cast',
    [build.op('Range', [build.scalar(0, 'int64'), build.scalar(count, 'int64'), build.scalar(1, 'int64')])],
    { to: uint32 },
  );
  const key = build.op('Add', [build.op('Mul', [seed, unsigned(0x9e3779b9)]), unsigned(Math.imul(stream + 1, 0x85ebca6b))]);
  const shifted = (x: Value, direction: 'LEFT' | 'RIGHT', bits: number) => build.op('BitShift', [x, unsigned(bits)], { direction });
  const exchanged = (x: Value) => build.op('Add', [shifted(x, 'LEFT', 16), shifted(x, 'RIGHT', 16)]);
  let x = build.op('Add', [build.op('Mul', [counter, unsigned(0x9e3779b1)]), key]);
  for (let round = 0; round < ROUNDS; round++) {
    const mixed = build.op('Mul', [x, build.op('Add', [build.op('Add', [x, x]), unsigned(1)])]);
    x = round < ROUNDS - 1 ? exchanged(mixed) : shifted(mixed, 'RIGHT', 8);
  }
  const uniform = build.op('Cast', [x], { to: codeOf('float32') });
  return build.op('Less', [uniform, build.constant(Tensor.scalar('float32', Math.round(probability * 2 ** 24)))]);
}
