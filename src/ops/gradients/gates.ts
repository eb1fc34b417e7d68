import type { Value } from '../../onnx/index.js';
import type { Formula } from '../shared/formula.js';

/** x * sigmoid(alpha * x). */
export function swish(f: Formula, x: Value, alpha: number): Value {
  return f.mul(x, gate(f, x, alpha));
}

/** Derivative of swish at x: s + alpha * x * s * (1 - s), where s = sigmoid(alpha * x). */
export function swishSlope(f: Formula, x: Value, alpha: number): Value {
  const s = gate(f, x, alpha);
  const curved = f.mul(x, f.sub(s, f.square(s)));
  return f.add(s, alpha === 1 ? curved : f.mul(curved, alpha));
}

function gate(f: Formula, x: Value, alpha: number): Value {
  return f.of('Sigmoid', alpha === 1 ? x : f.mul(x, alpha));
}

/** Derivative of x * tanh(softplus(x)). */
export function mishSlope(f: Formula, x: Value): Value {
  const t = f.of('Tanh', f.of('Softplus', x));
  return f.add(t, f.mul(x, f.of('Sigmoid', x), f.sub(1, f.square(t))));
}

/** Derivative of x * Phi(x): Phi(x) + x * phi(x), with the normal distribution's cumulative and density functions. */
function geluSlope(f: Formula, x: Value): Value {
  const cumulative = f.add(f.mul(f.of('Erf', f.mul(x, Math.SQRT1_2)), 0.5), 0.5);
  const density = f.mul(f.of('Exp', f.mul(x, x, -0.5)), 1 / Math.sqrt(2 * Math.PI));
  return f.add(cumulative, f.mul(x, density));
}

const ROOT = Math.sqrt(2 / Math.PI);
const CUBIC = 0.044715;

/** Derivative of 0.5 * x * (1 + tanh(u)), u = sqrt(2 / pi) * (x + 0.044715 * x³). */
function geluTanhSlope(f: Formula, x: Value): Value {
  const squared = f.square(x);
  const t = f.of('Tanh', f.mul(x, f.add(f.mul(squared, ROOT * CUBIC), ROOT)));
  const inner = f.mul(x, f.add(f.mul(squared, 1.5 * ROOT * CUBIC), 0.5 * ROOT));
  return f.add(f.add(f.mul(t, 0.5), 0.5), f.mul(inner, f.sub(1, f.square(t))));
}

/** Derivative of Gelu in the form that `approximate` names: "none" or "tanh". */
export function geluSlopeOf(f: Formula, x: Value, approximate: string | undefined): Value {
  return approximate === 'tanh' ? geluTanhSlope(f, x) : geluSlope(f, x);
}
