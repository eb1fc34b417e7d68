import { floatAttribute, type Value } from '../../onnx/index.js';
import type { GradientContext } from '../rule.js';
import type { Formula } from '../shared/formula.js';

/** What a recurrent operator squashes its sums by. */
export interface Activation {
  of(f: Formula, x: Value): Value;
  /** The slope, by what it gave. */
  slope(f: Formula, y: Value): Value;
}

interface Kind {
  /** Defaults of its parameters, those that it takes. */
  readonly alpha?: number;
  readonly beta?: number;
  /** Parameters for which what it gave does not tell the slope. */
  readonly refuses?: (alpha: number) => boolean;
  of(f: Formula, x: Value, alpha: number, beta: number): Value;
  slope(f: Formula, y: Value, alpha: number, beta: number): Value;
}

const one = (f: Formula, y: Value, number = 1) => f.add(f.mul(y, 0), number);

/** Every activation of the standard's recurrent operators, by its name in small letters. */
const KINDS: Readonly<Record<string, Kind>> = {
  relu: { of: (f, x) => f.of('Relu', x), slope: (f, y) => f.positive(y) },
  sigmoid: { of: (f, x) => f.of('Sigmoid', x), slope: (f, y) => f.mul(y, f.sub(1, y)) },
  tanh: { of: (f, x) => f.of('Tanh', x), slope: (f, y) => f.sub(1, f.square(y)) },
  softsign: { of: (f, x) => f.of('Softsign', x), slope: (f, y) => f.square(f.sub(1, f.of('Abs', y))) },
  softplus: { of: (f, x) => f.of('Softplus', x), slope: (f, y) => f.sub(1, f.of('Exp', f.of('Neg', y))) },
  hardsigmoid: {
    alpha: 0.2,
    beta: 0.5,
    of: (f, x, alpha, beta) => f.build.op('HardSigmoid', [x], { alpha: floatAttribute(alpha), beta: floatAttribute(beta) }),
    slope: (f, y, alpha) => f.mul(f.mask('Greater', y, 0), f.mul(f.mask('Less', y, 1), alpha)),
  },
  affine: {
    alpha: 1,
    beta: 0,
    of: (f, x, alpha, beta) => f.add(f.mul(x, alpha), beta),
    slope: (f, y, alpha) => one(f, y, alpha),
  },
  leakyrelu: {
    alpha: 0.01,
    refuses: (alpha) => alpha < 0,
    of: (f, x, alpha) => f.build.op('LeakyRelu', [x], { alpha: floatAttribute(alpha) }),
    slope: (f, y, alpha) => f.add(f.mul(f.mask('Greater', y, 0), 1 - alpha), alpha),
  },
  thresholdedrelu: {
    alpha: 1,
    of: (f, x, alpha) => f.build.op('ThresholdedRelu', [x], { alpha: floatAttribute(alpha) }),
    slope: (f, y) => f.sub(1, f.mask('Equal', y, 0)),
  },
  scaledtanh: {
    alpha: 1,
    beta: 1,
    refuses: (alpha) => alpha === 0,
    of: (f, x, alpha, beta) => f.mul(f.of('Tanh', f.mul(x, beta)), alpha),
    slope: (f, y, alpha, beta) => f.sub(alpha * beta, f.mul(f.square(y), beta / alpha)),
  },
  elu: {
    alpha: 1,
    refuses: (alpha) => alpha < 0,
    of: (f, x, alpha) => f.build.op('Elu', [x], { alpha: floatAttribute(alpha) }),
    slope: (f, y, alpha) => {
      const above = f.mask('Greater', y, 0);
      return f.add(above, f.mul(f.sub(1, above), f.add(y, alpha)));
    },
  },
};

/** The activations that a node names, by default `defaults` for each direction, with their parameters, which are listed for those that take any. */
export function activationsOf({ node, refuse }: GradientContext, defaults: readonly string[]): Activation[] {
  const names = node.strings('activations') ?? [...defaults, ...defaults];
  const alphas = [...(node.floats('activation_alpha', undefined) ?? [])];
  const betas = [...(node.floats('activation_beta', undefined) ?? [])];
  return names.map((name) => {
    const kind = Object.hasOwn(KINDS, name.toLowerCase())
      ? KINDS[name.toLowerCase()]
      : refuse(`the slope of its activation ${name} is not known`);
    const alpha = kind.alpha === undefined ? 0 : (alphas.shift() ?? kind.alpha);
    const beta = kind.beta === undefined ? 0 : (betas.shift() ?? kind.beta);
    if (kind.refuses?.(alpha)) refuse(`its activation ${name} has alpha ${alpha}`);
    return { of: (f, x) => kind.of(f, x, alpha, beta), slope: (f, y) => kind.slope(f, y, alpha, beta) };
  });
}
