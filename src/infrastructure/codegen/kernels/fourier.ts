import {
  add,
  assign,
  type Buffer,
  binary,
  type Expr,
  load,
  loop,
  minus,
  mul,
  mutable,
  number,
  plus,
  range,
  read,
  type Statement,
  select,
  store,
  sub,
  times,
} from '../loops/index.js';
import type { NestContext } from './rule.js';

/** A complex number. */
export interface Complex {
  readonly re: Expr;
  readonly im: Expr;
}

export interface Transform {
  /** Points. */
  readonly points: number;
  /** Frequencies that are wanted, from 0 on. */
  readonly bins: number;
  readonly inverse: boolean;
  readonly real: boolean;
  readonly type: 'f32' | 'f64';
}

/** Writes one transform: of the elements that `from` gives, storing what `to` is given. */
export type Fourier = (from: (n: Expr) => Complex, to: (k: Expr, value: Complex) => Statement[]) => Statement[];

/**
 * A discrete Fourier transform, not scaled: in log N passes where the length is a power of two, of half the length where the signal is real; term by term
 * elsewhere. Sines and cosines are a table.
 */
export function fourier(context: NestContext, transform: Transform): Fourier {
  const { points, real, inverse } = transform;
  const isPower = points >= 4 && (points & (points - 1)) === 0;
  if (!isPower) return direct(context, transform);
  return real && !inverse ? halved(context, transform) : whole(context, transform);
}

/** e^(∓2πi n / N) for n below `count`: cosines, then sines. */
function turns(context: NestContext, { points, inverse, type }: Transform, count: number): { at: (n: Expr) => Complex } {
  const sign = inverse ? 1 : -1;
  const angle = (n: number) => (2 * Math.PI * n) / points;
  const values = Float64Array.from({ length: 2 * count }, (_, n) => (n < count ? Math.cos(angle(n)) : sign * Math.sin(angle(n - count))));
  const table = context.constantBuffer('turns', type, type === 'f32' ? Float32Array.from(values) : values);
  return { at: (n) => ({ re: load(table, n), im: load(table, plus(n, count)) }) };
}

const product = (a: Complex, b: Complex): Complex => ({
  re: sub(mul(a.re, b.re), mul(a.im, b.im)),
  im: add(mul(a.re, b.im), mul(a.im, b.re)),
});

/** Each frequency as a sum over all points. */
function direct(context: NestContext, transform: Transform): Fourier {
  const { points, bins, type, real } = transform;
  const table = turns(context, transform, points);
  const zero = number(0, type);
  return (from, to) =>
    loop('k', bins, (k) =>
      mutable('re', type, zero, (re) =>
        mutable('im', type, zero, (im) =>
          mutable('turn', 'i32', number(0), (turn) => [
            ...loop('n', points, (n) => {
              const [x, w] = [from(n), table.at(read(turn))];
              const term = real ? { re: mul(x.re, w.re), im: mul(x.re, w.im) } : product(x, w);
              return [
                assign(re, add(read(re), term.re)),
                assign(im, add(read(im), term.im)),
                assign(turn, plus(read(turn), k)),
                assign(turn, select(binary('ge', read(turn), number(points)), minus(read(turn), points), read(turn))),
              ];
            }),
            ...to(k, { re: read(re), im: read(im) }),
          ]),
        ),
      ),
    );
}

/** Four rows of `size` numbers: real and imaginary parts, each twice, for passes go from one pair to the other. */
interface Work {
  readonly buffer: Buffer;
  readonly size: number;
}

const part = ({ buffer, size }: Work, pair: number, at: Expr): Complex => ({
  re: load(buffer, plus(at, 2 * pair * size)),
  im: load(buffer, plus(at, (2 * pair + 1) * size)),
});

const put = ({ buffer, size }: Work, pair: number, at: Expr, { re, im }: Complex): Statement[] => [
  store(buffer, plus(at, 2 * pair * size), re),
  store(buffer, plus(at, (2 * pair + 1) * size), im),
];

/** The passes of a transform by powers of two, each of which sorts as it goes (Stockham). @returns statements, and the pair that holds the result. */
function passes(work: Work, turn: (n: Expr) => Complex): { body: Statement[]; pair: number } {
  const body: Statement[] = [];
  let pair = 0;
  for (let [length, step] = [work.size, 1]; length > 1; length /= 2, step *= 2) {
    const half = length / 2;
    const source = pair;
    const one = (p: Expr, q: Expr) => {
      const [a, b] = [part(work, source, plus(q, times(p, step))), part(work, source, plus(q, times(p, step), step * half))];
      const sum = { re: add(a.re, b.re), im: add(a.im, b.im) };
      const difference = { re: sub(a.re, b.re), im: sub(a.im, b.im) };
      const to = plus(q, times(p, 2 * step));
      return [...put(work, 1 - source, to, sum), ...put(work, 1 - source, plus(to, step), product(difference, turn(times(p, step))))];
    };
    body.push(...loop('p', half, (p) => loop('q', step, (q) => one(p, q), { vector: step > 1 })));
    pair = 1 - pair;
  }
  return { body, pair };
}

function whole(context: NestContext, transform: Transform): Fourier {
  const { points, bins, type } = transform;
  const table = turns(context, transform, points / 2);
  const work = { buffer: context.scratch('waves', type, 4 * points), size: points };
  const { body, pair } = passes(work, table.at);
  return (from, to) => [
    ...loop('n', points, (n) => put(work, 0, n, from(n))),
    ...body,
    ...loop('k', bins, (k) => to(k, part(work, pair, k))),
  ];
}

/** A real signal as a complex one of half the length: even points its real part, odd ones its imaginary. */
function halved(context: NestContext, transform: Transform): Fourier {
  const { points, bins, type } = transform;
  const size = points / 2;
  const table = turns(context, transform, size);
  const work = { buffer: context.scratch('waves', type, 4 * size), size };
  const { body, pair } = passes(work, (n) => table.at(times(n, 2)));
  const half = number(0.5, type);
  const first = part(work, pair, number(0));
  const ends = (k: number, re: Expr, to: (k: Expr, value: Complex) => Statement[]) => to(number(k), { re, im: number(0, type) });
  /** Of a frequency k with 0 < k < size: what even and odd points give. */
  const between = (k: Expr, conjugate: boolean): Complex => {
    const [a, b] = [part(work, pair, k), part(work, pair, minus(size, k))];
    const even = { re: mul(half, add(a.re, b.re)), im: mul(half, sub(a.im, b.im)) };
    const odd = { re: mul(half, add(a.im, b.im)), im: mul(half, sub(b.re, a.re)) };
    const turned = product(odd, table.at(k));
    const im = add(even.im, turned.im);
    return { re: add(even.re, turned.re), im: conjugate ? sub(number(0, type), im) : im };
  };
  return (from, to) => [
    ...loop('n', size, (n) => put(work, 0, n, { re: from(times(n, 2)).re, im: from(plus(times(n, 2), 1)).re })),
    ...body,
    ...ends(0, add(first.re, first.im), to),
    ...range('k', 1, Math.min(size, bins), (k) => to(k, between(k, false))),
    ...(bins > size ? ends(size, sub(first.re, first.im), to) : []),
    ...range('k', size + 1, bins, (k) => to(k, between(minus(points, k), true))),
  ];
}
