import type { Value } from '../../onnx/index.js';
import type { Formula } from '../shared/formula.js';
import { sliceAxis } from '../shared/gradients.js';
import type { Activation } from './recurrent-activations.js';
import { throughTime } from './through-time.js';
import type { Arriving } from './timeline.js';

/** One direction of a recurrent operator, turned so that time goes forward. Rows are steps * batch, one step after the other. */
export interface Pass {
  readonly f: Formula;
  readonly steps: number;
  readonly hidden: number;
  /** What the sums are squashed by, in the order of the attribute. */
  readonly activations: readonly Activation[];
  /** What goes in: [rows, inputs]. */
  readonly x: Value;
  /** The hidden state before each step: [rows, hidden]. */
  readonly before: Value;
  /** [gates * hidden, inputs]. */
  readonly w: Value;
  /** [gates * hidden, hidden]. */
  readonly r: Value;
  /** What is added to the products with w and with r: [gates * hidden] each. */
  readonly bias?: { readonly w: Value; readonly r: Value };
  /** Of an LSTM's input, output and forget gate: [3 * hidden]. */
  readonly peepholes?: Value;
  /** The cell state before the first step: [batch, hidden]. */
  readonly cell: Value;
  readonly arriving: Arriving;
  readonly arrivingAtCell: Arriving;
}

export interface PassGradients {
  /** Of the products with w: [rows, gates * hidden]. */
  readonly ofInput: Value;
  /** Of the products with r: [rows, gates * hidden]. */
  readonly ofHidden: Value;
  /** Of r, where a gate multiplies it with something else than the hidden state. */
  readonly r?: () => Value;
  readonly peepholes?: () => Value;
  /** Of the states before the first step: [batch, hidden]. */
  readonly hidden: Value;
  readonly cell?: Value;
}

/** Writes how the gradients of a cell's states become those of its sums. */
export type Cell = (pass: Pass) => PassGradients;

/** H' = f(x w + H r). */
export const rnnCell: Cell = (pass) => {
  const { f, steps, activations, r, arriving } = pass;
  const state = activations[0].of(f, sums(pass));
  const { last, collected } = throughTime(f, {
    steps,
    backwards: true,
    start: [arriving.last],
    sequences: [activations[0].slope(f, state), ...present(arriving.each)],
    step: (f, [later], [gain, ...own]) => {
      const ofSum = f.mul(f.add(later, ...own), gain);
      return { next: [f.matmul(ofSum, r)], collected: [ofSum] };
    },
  });
  return { ofInput: collected[0], ofHidden: collected[0], hidden: last[0] };
};

/** What w and r give to the gates: [rows, gates * hidden]. */
export function sums({ f, x, before, w, r, bias }: Pass): Value {
  const ofInput = f.gemm(x, w, { transB: true, plus: bias && f.add(bias.w, bias.r) });
  return f.gemm(before, r, { transB: true, plus: ofInput });
}

/** The state before each step, from the one before the first and those after each. */
export function shifted(f: Formula, first: Value, states: Value): Value {
  const [rows, batch] = [states.shape?.[0] as number, first.shape?.[0] as number];
  return rows === batch ? first : f.concat(0, first, sliceAxis(f.build, states, 0, 0, rows - batch));
}

export function present(value: Value | undefined): Value[] {
  return value ? [value] : [];
}
