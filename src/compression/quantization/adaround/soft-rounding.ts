import { codeOf, copyModel, type Model, Tensor } from '../../../onnx/index.js';
import { typedBuilder } from '../../../ops/index.js';
import type { LossBuilder } from '../../../training/index.js';

/** A weight each of whose numbers may become one of two neighbours on its grid: `lower`, or `lower + gap`. All in the order of the weight's own axes. */
export interface Between {
  /** Of the initializer. */
  readonly name: string;
  readonly lower: Float32Array;
  /** 0 where there is only one. */
  readonly gap: Float32Array;
  /** Where learning starts: the share of the gap, in [0, 1]. */
  readonly share: Float32Array;
}

/** The sigmoid is stretched to this range and cut to [0, 1], so that both ends are reached where its slope does not vanish. */
const [LEAST, MOST] = [-0.1, 1.1];

/** Names among the values of a unit whose weights are softly rounded. */
export const shareName = (weight: string) => `${weight}.share`;
export const logitName = (weight: string) => `${weight}.logit`;

/**
 * A model whose weights lie between their neighbours: ŵ = lower + gap · h(v), h(v) = clip(1.2 · sigmoid(v) - 0.1, 0, 1), where v are initializers
 * (AdaRound, Nagel et al. 2020, arXiv 2004.10568, equations 22 and 23).
 * @returns the model, and names of initializers that are not learned.
 */
export function softlyRounded(source: Model, weights: readonly Between[]): { model: Model; fixed: string[] } {
  const model = copyModel(source);
  const { graph } = model;
  const build = typedBuilder(graph, model.opsets);
  const given = new Map(weights.map((weight) => [weight.name, weight]));
  const fixed: string[] = [];
  for (const value of [...graph.initializers]) {
    const weight = given.get(value.name);
    const shape = value.initializer?.shape;
    if (!weight || !shape) {
      fixed.push(value.name);
      continue;
    }
    const tensor = (numbers: Float32Array) => Tensor.of('float32', shape, numbers);
    const logit = build.parameter(logitName(weight.name), tensor(weight.share.map(logitOf)));
    const [lower, gap] = [build.parameter('lower', tensor(weight.lower)), build.parameter('gap', tensor(weight.gap))];
    fixed.push(lower.name, gap.name);
    const stretched = build.op('Mul', [build.op('Sigmoid', [logit]), build.scalar(MOST - LEAST)]);
    const share = build.op('Clip', [build.op('Add', [stretched, build.scalar(LEAST)]), build.scalar(0), build.scalar(1)]);
    share.name = graph.freshName(shareName(weight.name));
    graph.replace(value, build.op('Add', [lower, build.op('Mul', [gap, share])]));
    graph.initializers.delete(value);
  }
  graph.sort();
  return { model, fixed };
}

function logitOf(share: number): number {
  const place = (share - LEAST) / (MOST - LEAST);
  return Math.log(place / (1 - place));
}

/** Which neighbour a logit has decided for. */
export function isUpper(logit: number): boolean {
  return logit >= 0;
}

/** Inputs of the step that say how hard, and in which form, shares are pulled to 0 and 1. */
export const [PULL, POWER] = ['espalier.pull', 'espalier.power'];

/** The input of the step with what an output should be. */
export const wantedName = (output: string) => `espalier.wanted.${output}`;

/**
 * Mean squares of the outputs' errors, each over its `scale`, and the mean of 1 - |2h - 1|^power over all numbers that have two neighbours, times the pull.
 * @param scales by output: what its mean square error is measured in.
 */
export function roundingLoss(weights: readonly Between[], scales: ReadonlyMap<string, number>): LossBuilder {
  return ({ build, value, feed }) => {
    const mean = { keepdims: 0 };
    const errors = [...scales].map(([name, scale]) => {
      const made = value(name);
      const output = made.dtype === 'float32' ? made : build.op('Cast', [made], { to: codeOf('float32') });
      const change = build.op('Sub', [output, feed(wantedName(name), 'float32', output.shape as number[])]);
      return build.op('Mul', [build.op('ReduceMean', [build.op('Mul', [change, change])], mean), build.scalar(1 / scale)]);
    });
    const [pull, power] = [feed(PULL, 'float32', []), feed(POWER, 'float32', [])];
    const free = weights.reduce((sum, { gap }) => sum + gap.filter((each) => each > 0).length, 0);
    const open = weights.map((weight) => {
      const share = value(shareName(weight.name));
      const twice = build.op('Abs', [build.op('Sub', [build.op('Mul', [share, build.scalar(2)]), build.scalar(1)])]);
      const undecided = build.op('Sub', [build.scalar(1), build.op('Pow', [twice, power])]);
      return build.op('ReduceSum', [build.op('Mul', [undecided, movable(weight, share.shape as number[])])], mean);
    });
    const pulled = build.op('Mul', [sum(open), build.op('Mul', [pull, build.scalar(1 / Math.max(1, free))])]);
    return build.op('Add', [sum(errors), pulled]);

    function sum(values: typeof errors) {
      return values.length === 1 ? values[0] : build.op('Sum', values);
    }
    function movable({ gap }: Between, shape: number[]) {
      return build.constant(
        Tensor.of(
          'float32',
          shape,
          gap.map((each) => Number(each > 0)),
        ),
      );
    }
  };
}
