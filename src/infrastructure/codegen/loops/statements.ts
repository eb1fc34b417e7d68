import { index, number, plus, rangeOf, read, variable } from './build.js';
import type { Buffer, Expr, Registers, ScalarType, Statement, Variable } from './types.js';

/** Runs `body` for each index below `size`; where there is only one, without a loop. */
export function loop(
  hint: string,
  size: number,
  body: (index: Expr) => readonly Statement[],
  options: { vector?: boolean } = {},
): Statement[] {
  if (size === 1 && !options.vector) return [...body(number(0))];
  return range(hint, 0, size, body, options);
}

/** Runs `body` for each index below `size`, `by` rounds written one after the other. */
export function unrolledLoop(hint: string, size: number, by: number, body: (index: Expr) => readonly Statement[]): Statement[] {
  if (by === 1) return loop(hint, size, body);
  const whole = Math.floor(size / by) * by;
  const rounds = (from: Expr, count: number) => Array.from({ length: count }, (_, each) => body(plus(from, each))).flat();
  const repeated =
    whole === by
      ? rounds(number(0), by)
      : range(hint, 0, whole, (each) => rounds(each, by), { step: by, within: [0, Math.max(0, whole - by)] });
  return [...repeated, ...rounds(number(whole), size - whole)];
}

/** Runs `body` for each index from `from` up to but without `to`. */
export function range(
  hint: string,
  from: Expr | number,
  to: Expr | number,
  body: (index: Expr) => readonly Statement[],
  { step = 1, vector, within }: { step?: number; vector?: boolean; within?: readonly [number, number] } = {},
): Statement[] {
  if (typeof from === 'number' && typeof to === 'number' && to <= from) return [];
  const count = variable(hint, 'i32', within ?? [rangeOf(index(from))[0], rangeOf(index(to))[1] - 1]);
  return [{ kind: 'for', variable: count, from: index(from), to: index(to), step, body: body(read(count)), ...(vector && { vector }) }];
}

/** Nested loops over a shape. */
export function loops(hints: readonly string[], sizes: readonly number[], body: (indices: Expr[]) => readonly Statement[]): Statement[] {
  const nest = (axis: number, indices: Expr[]): readonly Statement[] =>
    axis === sizes.length ? body(indices) : loop(hints[axis] ?? 'i', sizes[axis], (each) => nest(axis + 1, [...indices, each]));
  return [...nest(0, [])];
}

/** Names a value; `body` gets it. */
export function local(hint: string, value: Expr, body: (value: Expr) => readonly Statement[]): Statement[] {
  if (value.kind === 'number' || value.kind === 'variable') return [...body(value)];
  const of = variable(hint, value.type, rangeOf(value));
  return [{ kind: 'declare', variable: of, value }, ...body(read(of))];
}

/** A local that changes: `body` gets it. @param range smallest and largest value that it ever has. */
export function mutable(
  hint: string,
  type: ScalarType,
  value: Expr,
  body: (of: Variable) => readonly Statement[],
  range?: readonly [number, number],
): Statement[] {
  const of = variable(hint, type, range);
  return [{ kind: 'declare', variable: of, value }, ...body(of)];
}

export function assign(of: Variable, value: Expr): Statement {
  return { kind: 'assign', variable: of, value };
}

export function set(of: Registers, at: Expr | number, value: Expr): Statement {
  return { kind: 'set', registers: of, index: index(at), value };
}

export function store(buffer: Buffer, at: Expr | number, value: Expr): Statement {
  return { kind: 'store', buffer, index: index(at), value };
}

export function when(condition: Expr, yes: readonly Statement[], no?: readonly Statement[]): Statement[] {
  if (condition.kind === 'number') return [...(Number(condition.value) === 0 ? (no ?? []) : yes)];
  return [{ kind: 'if', condition, yes, ...(no && { no }) }];
}

/** `size` indices from `from`, one beside the other: a vector loop, or the one index itself. */
export function lanes(from: Expr | number, size: number, body: (lane: Expr, at: Expr) => readonly Statement[]): Statement[] {
  if (size === 1) return [...body(number(0), index(from))];
  return loop('lane', size, (lane) => body(lane, plus(from, lane)), { vector: true });
}

/** Runs `body` as long as a condition holds. */
export function repeatWhile(condition: Expr, body: readonly Statement[]): Statement[] {
  return [{ kind: 'while', condition, body }];
}
