import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Buffer, type Expr, lanes, load, loop, range, store, times, unary } from '#dist/infrastructure/codegen/index.js';
import { instanceOf, moduleOf } from './compared.js';

const bits = new Uint32Array(1);
const float = new Float32Array(bits.buffer);

/** 32-bit floats of all sizes and signs, evenly by their bits, with those at which functions change. */
function everySize(): Float32Array {
  const special = [
    0,
    -0,
    1,
    -1,
    2 ** -149,
    -(2 ** -149),
    2 ** -126,
    3.4028234663852886e38,
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
    Number.NaN,
  ];
  const near = [Math.SQRT1_2, Math.SQRT2, 0.625, 1, 4, 88.72283, 88.72284, -87.33654, -103.97207, -103.97208, -104, 9.010913];
  const around = near.flatMap((each) =>
    [-2, -1, 0, 1, 2].flatMap((by) => [Math.fround(each) * (1 + by * 2 ** -23), -Math.fround(each) * (1 + by * 2 ** -23)]),
  );
  const even = Array.from({ length: 60_000 }, (_, i) => {
    bits[0] = Math.floor((i * 2 ** 32) / 60_000);
    return float[0];
  });
  // Most of the range is where these functions are flat: as many where they are not.
  const usual = Array.from({ length: 20_000 }, (_, i) => (i - 10_000) / 900);
  return Float32Array.from([...special, ...around, ...even, ...usual]);
}

/** erf in 64 bits: its series up to 3, behind that one minus the continued fraction of erfc. */
function erf(x: number): number {
  const a = Math.abs(x);
  if (a > 6 || Number.isNaN(x)) return Number.isNaN(x) ? x : Math.sign(x);
  if (a < 3) {
    let [term, sum] = [x, x];
    for (let k = 1; k < 120; k++) {
      term *= -(x * x) / k;
      sum += term / (2 * k + 1);
    }
    return (2 / Math.sqrt(Math.PI)) * sum;
  }
  let fraction = a;
  for (let k = 60; k > 0; k--) fraction = a + k / 2 / fraction;
  return Math.sign(x) * (1 - Math.exp(-a * a) / (fraction * Math.sqrt(Math.PI)));
}

const functions = { exp: Math.exp, log: Math.log, tanh: Math.tanh, erf } as const;

/** Units of the last place between a 32-bit float and a number; those below the normal ones are all of one size. */
function ulps(got: number, wanted: number): number {
  const rounded = Math.fround(wanted);
  if (Object.is(got, rounded) || (Number.isNaN(got) && Number.isNaN(rounded))) return 0;
  if (!Number.isFinite(got) || !Number.isFinite(rounded)) return Number.POSITIVE_INFINITY;
  const unit = 2 ** (Math.max(-126, Math.floor(Math.log2(Math.abs(rounded) || 2 ** -149))) - 23);
  return Math.abs(got - wanted) / unit;
}

for (const [name, wanted] of Object.entries(functions) as [keyof typeof functions, (x: number) => number][]) {
  test(`${name} of 32-bit floats is within three units of the last place, one by one and four at once`, () => {
    const values = everySize();
    const x: Buffer = { name: 'x', type: 'f32', size: values.length, role: 'input' };
    const [one, four] = (['one', 'four'] as const).map(
      (each): Buffer => ({ name: each, type: 'f32', size: values.length, role: 'output' }),
    );
    const each = (to: Buffer) => (at: Expr) => [store(to, at, unary(name, load(x, at)))];
    const body = [
      // Steps of two keep a loop from becoming vectors.
      ...range('i', 0, values.length, each(one), { step: 2 }),
      ...range('i', 1, values.length, each(one), { step: 2 }),
      ...loop('i', Math.floor(values.length / 4), (i) => lanes(times(i, 4), 4, (_lane, at) => each(four)(at))),
    ];
    const module = moduleOf([x], [one, four], [{ title: name, kind: name, body, macs: 0, elements: 0 }]);
    const { memory, run } = instanceOf(module);
    new Float32Array(memory.buffer, module.inputs[0].address, values.length).set(values);
    run();
    for (const { port, address } of module.outputs) {
      const got = new Float32Array(memory.buffer, address, values.length - (values.length % 4));
      let [most, at] = [0, 0];
      for (let i = 0; i < got.length; i++) {
        const off = ulps(got[i], wanted(values[i]));
        if (!(off <= most)) [most, at] = [off, i];
      }
      assert.ok(most <= 3, `${port.name}: ${name}(${values[at]}) is ${got[at]}, ${most} units from ${wanted(values[at])}`);
    }
  });
}
