import { codeOf, Tensor, type Value } from '../../onnx/index.js';
import type { GradientContext } from '../rule.js';
import { type Formula, formula } from '../shared/formula.js';
import { reverseAxis, zerosOf } from '../shared/gradients.js';

/** What arrives at a state from outside the recurrence. */
export interface Arriving {
  /** Gradient of the state after each step: [rows, hidden]; absent where nothing arrives. */
  readonly each?: Value;
  /** Gradient of the state after the last step: [batch, hidden]. */
  readonly last: Value;
}

/** The steps of a recurrent operator and the lengths of its sequences. Rows are steps * batch, one step after the other. */
export class Timeline {
  readonly steps: number;
  readonly batch: number;
  readonly #f: Formula;
  /** int32 [batch]; undefined where every sequence has all steps. */
  readonly #lengths?: Value;

  constructor(context: GradientContext) {
    const { has, input, shape } = context;
    this.#f = formula(context);
    [this.steps, this.batch] = shape(input(0));
    const lengths = has(4) ? input(4) : undefined;
    const whole = lengths?.constant?.numbers().every((length) => length === this.steps);
    if (!whole) this.#lengths = lengths;
  }

  /** [steps, batch, width] as rows. Backwards: each sequence is turned round, its padding stays behind it. */
  rows(value: Value, width: number, backwards: boolean): Value {
    return this.#f.reshape(backwards ? this.#turned(value) : value, [this.steps * this.batch, width]);
  }

  /** The opposite of `rows`. */
  unrolled(rows: Value, width: number, backwards: boolean): Value {
    const value = this.#f.reshape(rows, [this.steps, this.batch, width]);
    return backwards ? this.#turned(value) : value;
  }

  /**
   * Puts what arrives at a state of `width` numbers where it belongs, given as [rows, width] and [batch, width]. The last state of a sequence that
   * ends early is that after its own last step. Nothing arrives at the padding after it, so that the gradients of those steps come out as zeros.
   */
  arriving(each: Value | undefined, last: Value | undefined, width: number): Arriving {
    const f = this.#f;
    const { steps, batch } = this;
    const nothing = () => zerosOf(f.build, f.value(0), [batch, width]);
    if (!this.#lengths) return { each, last: last ?? nothing() };
    const number = f.build.constant(
      Tensor.from(
        f.dtype,
        [steps, 1, 1],
        Array.from({ length: steps }, (_, step) => step + 1),
      ),
    );
    const ends = f.reshape(f.indicator(this.#lengths), [1, batch, 1]);
    const inside = each && f.mul(f.reshape(each, [steps, batch, width]), f.mask('LessOrEqual', number, ends));
    const atEnd = last && f.mul(last, f.mask('Equal', number, ends));
    const all = [inside, atEnd].filter((part) => part !== undefined);
    return { each: all.length > 0 ? f.reshape(f.add(...all), [steps * batch, width]) : undefined, last: nothing() };
  }

  #turned(value: Value): Value {
    const { build } = this.#f;
    if (!this.#lengths) return reverseAxis(build, value, 0);
    const lengths = build.op('Cast', [this.#lengths], { to: codeOf('int64') });
    return build.op('ReverseSequence', [value, lengths], { batch_axis: 1, time_axis: 0 });
  }
}
