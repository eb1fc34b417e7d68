import { OptionError } from '../base/index.js';
import type { GraphBuilder, Value } from '../onnx/index.js';

/** An update rule with its constants. The learning rate is fed at each step. */
export type OptimizerSpec =
  /** Stochastic gradient descent; `momentum` 0.9 and `nesterov` true by default. Weight decay is added to the gradient. */
  | { kind: 'sgd'; momentum?: number; nesterov?: boolean }
  /** Adam (Kingma and Ba 2015): beta1 0.9, beta2 0.999, epsilon 1e-8. Weight decay is added to the gradient. */
  | { kind: 'adam'; beta1?: number; beta2?: number; epsilon?: number }
  /** Adam with decoupled weight decay (Loshchilov and Hutter 2019). */
  | { kind: 'adamw'; beta1?: number; beta2?: number; epsilon?: number };

/** One vector of parameters inside the step graph. */
export interface UpdateContext {
  build: GraphBuilder;
  parameter: Value;
  gradient: Value;
  /** Weight decay, per step relative to the learning rate; 0 for none. */
  decay: number;
  /** The number that the host feeds under a name at every step; see `scalars`. */
  scalar(name: ScalarName): Value;
  /** A vector like the parameter that persists between steps and starts at zero. `next` says what it becomes. */
  slot(name: string): { value: Value; next(value: Value): void };
}

/** Numbers that depend on the step. */
export type ScalarName = 'rate' | 'stepSize' | 'inverseRootCorrection' | 'averageFactor';

/** Writes the update of one vector of parameters; returns the new parameters. The arithmetic is PyTorch's, operation by operation. */
export function addUpdate(optimizer: OptimizerSpec, context: UpdateContext): Value {
  return optimizer.kind === 'sgd' ? addSgd(optimizer, context) : addAdam(optimizer, context);
}

/** The numbers to feed at step `step` (from 0) for a learning rate and the factor of the moving average, where there is one. */
export function stepScalars(optimizer: OptimizerSpec, rate: number, step: number, ema = 0): Record<ScalarName, number> {
  const averageFactor = Math.min(ema, (1 + step) / (10 + step));
  if (optimizer.kind === 'sgd') return { rate, stepSize: rate, inverseRootCorrection: 1, averageFactor };
  const { beta1 = 0.9, beta2 = 0.999 } = optimizer;
  const count = step + 1;
  return { rate, stepSize: rate / (1 - beta1 ** count), inverseRootCorrection: 1 / Math.sqrt(1 - beta2 ** count), averageFactor };
}

/** @throws OptionError naming the constant that cannot be used. */
export function checkOptimizer(optimizer: OptimizerSpec): void {
  const refuse = (name: string, expected: string, got: unknown) => {
    throw new OptionError({
      what: 'Not a usable value',
      where: `optimizer option "${name}"`,
      expected,
      got: JSON.stringify(got) ?? String(got),
    });
  };
  const fraction = (name: string, value = 0) => (value >= 0 && value < 1) || refuse(name, 'a number in [0, 1)', value);
  if (optimizer.kind === 'sgd') {
    fraction('momentum', optimizer.momentum);
  } else if (optimizer.kind === 'adam' || optimizer.kind === 'adamw') {
    fraction('beta1', optimizer.beta1);
    fraction('beta2', optimizer.beta2);
    if (!((optimizer.epsilon ?? 1) > 0)) refuse('epsilon', 'a positive number', optimizer.epsilon);
  } else refuse('kind', '"sgd", "adam" or "adamw"', (optimizer as { kind: unknown }).kind);
}

function addSgd({ momentum = 0.9, nesterov = true }: Extract<OptimizerSpec, { kind: 'sgd' }>, context: UpdateContext): Value {
  const { build, parameter, scalar } = context;
  const gradient = withDecay(context);
  if (momentum === 0) return build.op('Sub', [parameter, build.op('Mul', [scalar('rate'), gradient])]);
  const velocity = context.slot('velocity');
  const next = build.op('Add', [build.op('Mul', [velocity.value, build.scalar(momentum)]), gradient]);
  velocity.next(next);
  const direction = nesterov ? build.op('Add', [gradient, build.op('Mul', [next, build.scalar(momentum)])]) : next;
  return build.op('Sub', [parameter, build.op('Mul', [scalar('rate'), direction])]);
}

function addAdam(optimizer: Extract<OptimizerSpec, { kind: 'adam' | 'adamw' }>, context: UpdateContext): Value {
  const { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8 } = optimizer;
  const { build, scalar, decay } = context;
  const gradient = optimizer.kind === 'adam' ? withDecay(context) : context.gradient;
  const first = context.slot('first');
  const second = context.slot('second');
  const mean = mix(build, first.value, gradient, beta1);
  const square = mix(build, second.value, build.op('Mul', [gradient, gradient]), beta2);
  first.next(mean);
  second.next(square);
  const root = build.op('Mul', [build.op('Sqrt', [square]), scalar('inverseRootCorrection')]);
  const direction = build.op('Div', [mean, build.op('Add', [root, build.scalar(epsilon)])]);
  const kept =
    optimizer.kind === 'adamw' && decay > 0
      ? build.op('Mul', [context.parameter, build.op('Sub', [build.scalar(1), build.op('Mul', [scalar('rate'), build.scalar(decay)])])])
      : context.parameter;
  return build.op('Sub', [kept, build.op('Mul', [direction, scalar('stepSize')])]);
}

/** a * weight + b * (1 - weight). */
function mix(build: GraphBuilder, a: Value, b: Value, weight: number): Value {
  return build.op('Add', [build.op('Mul', [a, build.scalar(weight)]), build.op('Mul', [b, build.scalar(1 - weight)])]);
}

function withDecay({ build, parameter, gradient, decay }: UpdateContext): Value {
  return decay > 0 ? build.op('Add', [gradient, build.op('Mul', [parameter, build.scalar(decay)])]) : gradient;
}

/** Factor, at most 1, that brings the gradients' joint Euclidean norm down to `limit`. Also gives the norm. */
export function clipFactor(build: GraphBuilder, gradients: readonly Value[], limit: number): { factor: Value; norm: Value } {
  const squares = gradients.map((gradient) => build.op('ReduceSumSquare', [gradient], { keepdims: 0 }));
  const total = squares.length === 1 ? squares[0] : build.op('Sum', squares);
  const norm = build.op('Sqrt', [total]);
  const ratio = build.op('Div', [build.scalar(limit), build.op('Add', [norm, build.scalar(1e-6)])]);
  return { norm, factor: build.op('Min', [ratio, build.scalar(1)]) };
}
