import type { Node, Value } from '../../onnx/index.js';
import { axesOf, traitsOf } from '../../ops/index.js';

type Is = (node: Node) => boolean;

/** Whether a node hands on its numbers as they are. */
export const isPassed: Is = (node) => {
  const { carries, keepsPlaces } = traitsOf(node);
  return carries === true && keepsPlaces === true;
};

/** The same in another shape. */
export const isReshaped: Is = (node) => traitsOf(node).reshapes === true;

/** What is one number a row, repeated or reshaped on its way back to the row. */
const isSpread: Is = (node) => isPassed(node) || isReshaped(node) || traitsOf(node).repeats === true;

/** An activation that is written out in several operators. */
export interface WrittenOut {
  kind: 'softmax' | 'logSoftmax' | 'sigmoid';
  /** What it is the activation of. */
  logits: Value;
}

/**
 * Recognizes a Softmax, LogSoftmax or Sigmoid that is written out, as exporters do that have no such operator: exp(x) / Σ exp(x), x - log Σ exp(x) and
 * 1 / (1 + exp(-x)), the first two with or without the largest score taken off before, and with one sum, over the axis of the classes.
 */
export function writtenOut(output: Value): WrittenOut | undefined {
  const node = behind(output, isPassed);
  switch (node?.op) {
    case 'Div':
      return quotient(node.inputs[0], node.inputs[1]);
    case 'Reciprocal':
      return sigmoid(node.inputs[0]);
    case 'Mul':
      return reciprocal(node.inputs[0], node.inputs[1]) ?? reciprocal(node.inputs[1], node.inputs[0]);
    case 'Sub':
      return logarithm(node.inputs[0], node.inputs[1]);
    // The one of the other.
    case 'Exp':
    case 'Log': {
      const [from, to] = node.op === 'Exp' ? (['logSoftmax', 'softmax'] as const) : (['softmax', 'logSoftmax'] as const);
      const input = behind(node.inputs[0], isPassed);
      const found = node.inputs[0] && writtenOut(node.inputs[0]);
      if (found) return found.kind === from ? { ...found, kind: to } : undefined;
      const [logits] = input?.inputs ?? [];
      return logits && input?.op === (from === 'softmax' ? 'Softmax' : 'LogSoftmax') ? { kind: to, logits } : undefined;
    }
    default:
      return undefined;
  }
}

/** exp(x) / Σ exp(x), or 1 / (1 + exp(-x)). */
function quotient(above: Value | undefined, below: Value | undefined): WrittenOut | undefined {
  if (isOne(above)) return sigmoid(below);
  const own = exponent(behind(above, isPassed));
  const summed = summedExponent(below);
  return own && summed && isSame(own, summed) ? { kind: 'softmax', logits: own.scores } : undefined;
}

/** exp(x) * (1 / Σ exp(x)). */
function reciprocal(above: Value | undefined, factor: Value | undefined): WrittenOut | undefined {
  const node = behind(factor, isSpread);
  const [divided, below] = node?.op === 'Div' ? node.inputs : [undefined, node?.inputs[0]];
  return node?.op === 'Reciprocal' || isOne(divided) ? quotient(above, below) : undefined;
}

/** 1 + exp(-x) of `below`. */
function sigmoid(below: Value | undefined): WrittenOut | undefined {
  const sum = behind(below, isPassed);
  if (sum?.op !== 'Add') return undefined;
  const power = behind(isOne(sum.inputs[0]) ? sum.inputs[1] : isOne(sum.inputs[1]) ? sum.inputs[0] : undefined, isPassed);
  const negative = power?.op === 'Exp' ? behind(power.inputs[0], isPassed) : undefined;
  const [logits] = negative?.op === 'Neg' ? negative.inputs : [];
  return logits && { kind: 'sigmoid', logits };
}

/** x - log Σ exp(x); the largest score may be taken off x, or come back with the logarithm. */
function logarithm(scores: Value | undefined, taken: Value | undefined): WrittenOut | undefined {
  if (!scores) return undefined;
  const own = shifted(scores);
  const node = behind(taken, isSpread);
  if (node?.op === 'Add') {
    const [first, second] = node.inputs;
    const summed = summedLogarithm(first) ?? summedLogarithm(second);
    const largest = largestOf(summedLogarithm(first) ? second : first);
    const isWhole = summed?.isShifted && summed.scores === scores && largest === scores;
    return isWhole ? { kind: 'logSoftmax', logits: scores } : undefined;
  }
  const summed = summedLogarithm(taken);
  if (summed && isSame(own, summed)) return { kind: 'logSoftmax', logits: own.scores };
  return node?.op === 'ReduceLogSumExp' && overClasses(node) && node.inputs[0] === scores
    ? { kind: 'logSoftmax', logits: scores }
    : undefined;
}

/** Scores, or scores less the largest of them in each row. */
interface Exponent {
  scores: Value;
  isShifted: boolean;
}

function isSame(a: Exponent, b: Exponent): boolean {
  return a.scores === b.scores && a.isShifted === b.isShifted;
}

function exponent(node: Node | undefined): Exponent | undefined {
  const [scores] = node?.op === 'Exp' ? node.inputs : [];
  return scores && shifted(scores);
}

function shifted(value: Value): Exponent {
  const node = behind(value, isPassed);
  const [scores, taken] = node?.op === 'Sub' ? node.inputs : [];
  return scores && largestOf(taken) === scores ? { scores, isShifted: true } : { scores: value, isShifted: false };
}

/** What the largest number of each row is of. It may have been kept from falling below a constant, as that of -∞. */
function largestOf(value: Value | undefined): Value | undefined {
  const node = behind(value, isSpread);
  if (node?.op === 'Max') {
    const open = node.inputs.filter((input) => !input?.constant);
    return open.length === 1 ? largestOf(open[0]) : undefined;
  }
  return node?.op === 'ReduceMax' && overClasses(node) ? node.inputs[0] : undefined;
}

function summedExponent(value: Value | undefined): Exponent | undefined {
  const node = behind(value, isSpread);
  return node?.op === 'ReduceSum' && overClasses(node) ? exponent(behind(node.inputs[0], isPassed)) : undefined;
}

function summedLogarithm(value: Value | undefined): Exponent | undefined {
  const node = behind(value, isSpread);
  return node?.op === 'Log' ? summedExponent(node.inputs[0]) : undefined;
}

/** Whether it reduces one axis, and that not of the samples. */
function overClasses(node: Node): boolean {
  const axes = axesOf(node, 1);
  return Array.isArray(axes) && axes.length === 1 && axes[0] !== 0 && axes[0] !== -(node.inputs[0]?.shape?.length ?? 0);
}

function isOne(value: Value | undefined): boolean {
  const constant = value?.constant;
  return constant?.size === 1 && constant.numbers()[0] === 1;
}

/** The node that makes a value, behind operators that are looked through. */
function behind(value: Value | undefined, through: Is): Node | undefined {
  let node = value?.producer;
  while (node && through(node)) node = node.inputs[0]?.producer;
  return node?.domain === '' ? node : undefined;
}
