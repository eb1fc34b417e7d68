import { binary, type Expr, loops, max, min, minus, mul, number, plus, select, times } from '../loops/index.js';
import type { Operand } from '../operands/index.js';
import { type Complex, fourier } from './fourier.js';
import type { KernelRule, NestContext } from './rule.js';

const NAMES = ['i', 'j', 'k', 'l', 'm'];

/** The complex number at these indices but the last, which tells real from imaginary. */
function complexAt(x: Operand, indices: readonly Expr[], type: 'f32' | 'f64'): Complex {
  const single = x.shape[x.shape.length - 1] === 1;
  return { re: x.at([...indices, number(0)]), im: single ? number(0, type) : x.at([...indices, number(1)]) };
}

const typeOf = (x: Operand) => (x.type === 'f64' ? 'f64' : 'f32');

/** As of opset 20. A one-sided inverse takes half of the frequencies, the others being their conjugates, and gives a real signal. */
function dft(context: NestContext): void {
  const { node } = context;
  const x = context.stored(0);
  const rank = x.shape.length;
  const [given] = context.integers(2) ?? [-2];
  const axis = given < 0 ? given + rank : given;
  const [inverse, onesided] = [node.int('inverse', 0) === 1, node.int('onesided', 0) === 1];
  const sink = context.output(0);
  const type = typeOf(x);
  const [size, bins] = [x.shape[axis], sink.shape[axis]];
  const [length] = context.integers(1) ?? [inverse && onesided ? 2 * (size - 1) : size];
  const transform = fourier(context, { points: length, bins, inverse, real: x.shape[rank - 1] === 1, type });
  const share = number(1 / length, type);
  const mirrors = inverse && onesided;
  const zero = number(0, type);
  const outer = x.shape.map((_, each) => each).filter((each) => each !== axis && each !== rank - 1);
  const body = loops(
    NAMES,
    outer.map((each) => x.shape[each]),
    (counts) => {
      const at = (place: Expr) => x.shape.slice(0, -1).map((_, each) => (each === axis ? place : counts[outer.indexOf(each)]));
      return transform(
        (n) => {
          const back = mirrors ? binary('gt', n, number(Math.floor(length / 2))) : number(0);
          const place = mirrors ? select(back, minus(length, n), n) : n;
          const each = complexAt(x, at(max(number(0), min(number(size - 1), place))), type);
          const within = binary('lt', place, number(size));
          return {
            re: select(within, each.re, zero),
            im: select(within, mirrors ? select(back, negative(each.im), each.im) : each.im, zero),
          };
        },
        (k, value) => {
          const scaled = inverse ? { re: mul(value.re, share), im: mul(value.im, share) } : value;
          const real = sink.store([...at(k), number(0)], scaled.re);
          return mirrors ? real : [...real, ...sink.store([...at(k), number(1)], scaled.im)];
        },
      );
    },
  );
  context.emit(body);
}

const negative = (x: Expr): Expr => mul(x, number(-1, x.type));

/** Transforms of a window that moves along the signal. */
function stft(context: NestContext): void {
  const { node } = context;
  const signal = context.stored(0);
  const [step] = context.integers(1) ?? [];
  const window = context.has(2) ? context.stored(2) : undefined;
  const length = context.integers(3)?.[0] ?? window?.shape[0];
  if (step === undefined || length === undefined) throw context.refuse('it has neither a window nor a length of frames');
  const sink = context.output(0);
  const [batch, frames, bins] = sink.shape;
  const type = typeOf(signal);
  const real = signal.shape.length < 3 || signal.shape[2] === 1;
  if (node.int('onesided', 1) === 1 && !real) throw context.refuse('a complex signal has no conjugate frequencies to leave out');
  const transform = fourier(context, { points: length, bins, inverse: false, real, type });
  if (window && window.shape[0] !== length) throw context.refuse(`its window of ${window.shape[0]} does not fit frames of ${length}`);
  const body = loops(['n', 'frame'], [batch, frames], ([n, frame]) =>
    transform(
      (each) => {
        const place = plus(times(frame, step), each);
        const value = signal.shape.length < 3 ? { re: signal.at([n, place]), im: number(0, type) } : complexAt(signal, [n, place], type);
        if (!window) return value;
        const weight = window.at([each]);
        return { re: mul(value.re, weight), im: real ? value.im : mul(value.im, weight) };
      },
      (k, value) => [...sink.store([n, frame, k, number(0)], value.re), ...sink.store([n, frame, k, number(1)], value.im)],
    ),
  );
  context.emit(body);
}

export const signals: Readonly<Record<string, KernelRule>> = {
  DFT: { kind: 'nest', absorbs: true, emit: dft },
  STFT: { kind: 'nest', absorbs: true, emit: stft },
};
