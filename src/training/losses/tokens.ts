import { lookup } from '../../base/index.js';
import type { GraphBuilder, Model, Value } from '../../onnx/index.js';
import { type LossBuilder, type LossContext, TARGETS } from './loss.js';
import { headOf } from './scores.js';

/** ONNX's numbers for types. */
const FLOAT = 1;

/**
 * Cross entropy of scores [batch, length, classes] with the class of each position, mean over the positions that count: the host feeds class numbers
 * [batch, length], -1 where nothing is to be predicted.
 */
export function tokenCrossEntropy(output: string, length: number): LossBuilder {
  return (context) => {
    const { build } = context;
    const { targets, mask } = positions(context, length);
    const logProbabilities = build.op('LogSoftmax', [headOf(context.value(output)).logits], { axis: -1 });
    const known = build.op('Max', [targets, build.scalar(0, 'int64')]);
    const own = build.op('GatherElements', [logProbabilities, build.op('Unsqueeze', [known, build.ints([2])])], { axis: 2 });
    return maskedMean(build, build.op('Neg', [build.op('Squeeze', [own, build.ints([2])])]), mask);
  };
}

/** Temperature² times the cross entropy with a teacher's softened answers, position by position, mean over those that count. */
export function tokenDistillation(
  output: string,
  teacher: Model,
  { length, temperature = 4 }: { length: number; temperature?: number },
): LossBuilder {
  return (context) => {
    const { build, embed, value } = context;
    const { mask } = positions(context, length);
    const given = embed(teacher, 'teacher');
    const [own, wanted] = [value(output), lookup(given, output) ?? Object.values(given)[0]].map((scores) =>
      build.op('Mul', [headOf(scores).logits, build.scalar(1 / temperature)]),
    );
    const each = build.op('Mul', [build.op('Softmax', [wanted], { axis: -1 }), build.op('LogSoftmax', [own], { axis: -1 })]);
    const entropy = build.op('Neg', [build.op('ReduceSum', [each, build.ints([2])], { keepdims: 0 })]);
    return build.op('Mul', [maskedMean(build, entropy, mask), build.scalar(temperature * temperature)]);
  };
}

/** Class numbers as they are fed, and 1 for those that count. */
function positions({ build, feed, batchSize }: LossContext, length: number): { targets: Value; mask: Value } {
  const known = build.graph.inputs.find(({ name }) => name === TARGETS);
  const targets = known ?? feed(TARGETS, 'int64', [batchSize, length]);
  return { targets, mask: build.op('Cast', [build.op('GreaterOrEqual', [targets, build.scalar(0, 'int64')])], { to: FLOAT }) };
}

function maskedMean(build: GraphBuilder, each: Value, mask: Value): Value {
  const sum = (value: Value) => build.op('ReduceSum', [value], { keepdims: 0 });
  return build.op('Div', [sum(build.op('Mul', [each, mask])), build.op('Max', [sum(mask), build.scalar(1)])]);
}
