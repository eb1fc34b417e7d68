import type { Expr } from './types.js';

const keys = new WeakMap<Expr, string>();

/** A text that two expressions share if and only if they are written alike. */
export function keyOf(expr: Expr): string {
  const known = keys.get(expr);
  if (known !== undefined) return known;
  const key = 'lanes' in expr && expr.lanes ? `${write(expr)}x${expr.lanes}` : write(expr);
  keys.set(expr, key);
  return key;
}

function write(expr: Expr): string {
  switch (expr.kind) {
    case 'number':
      return `${expr.type}:${Object.is(expr.value, -0) ? '-0' : expr.value}`;
    case 'variable':
      return `v${expr.variable.id}`;
    case 'sum':
      return `(${expr.terms
        .map(({ of, factor }) => `${factor}*${keyOf(of)}`)
        .sort()
        .join('+')}+${expr.constant})`;
    case 'load':
      return `${expr.buffer.name}[${keyOf(expr.index)}]`;
    case 'register':
      return `r${expr.registers.id}[${keyOf(expr.index)}]`;
    case 'binary':
      return `${expr.op}(${keyOf(expr.left)},${keyOf(expr.right)})`;
    case 'unary':
      return `${expr.op}(${keyOf(expr.of)})`;
    case 'select':
      return `select(${keyOf(expr.condition)},${keyOf(expr.yes)},${keyOf(expr.no)})`;
    case 'cast':
      return `${expr.type}(${keyOf(expr.of)})`;
    case 'dot':
      return `dot(${expr.x.map(keyOf)},${expr.buffer.name}[${keyOf(expr.index)}])`;
    case 'requantize':
      return `requantize(${keyOf(expr.of)},${keyOf(expr.multiplier)},${expr.shift})`;
    case 'splat':
      return `splat(${keyOf(expr.of)})`;
  }
}
