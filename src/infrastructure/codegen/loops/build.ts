import { keyOf } from './key.js';
import type { BinaryOperator, Buffer, Expr, Registers, ScalarType, StorageType, SumExpr, UnaryOperator, Variable } from './types.js';
import { scalarOf } from './types.js';

/** Expressions, simplified as they are made: indices are kept as sums of multiples, constants are computed, selections of constants are made. */

export function number(value: number | bigint, type: ScalarType = 'i32'): Expr {
  return { kind: 'number', type, value };
}

/** An i32, from a number or an expression. */
export function index(value: Expr | number): Expr {
  return typeof value === 'number' ? number(value) : value;
}

export function float(value: number): Expr {
  return number(Math.fround(value), 'f32');
}

let made = 0;

/** A new variable. @param range smallest and largest value. */
export function variable(hint: string, type: ScalarType = 'i32', range?: readonly [number, number]): Variable {
  return { id: made++, hint, type, range };
}

export function registers(hint: string, type: ScalarType, size: number): Registers {
  return { id: made++, hint, type, size };
}

export function read(of: Variable): Expr {
  return { kind: 'variable', type: of.type, variable: of, ...(of.lanes && { lanes: of.lanes }) };
}

export function load(buffer: Buffer, at: Expr | number): Expr {
  return { kind: 'load', type: scalarOf(buffer.type), buffer, index: index(at) };
}

export function register(of: Registers, at: Expr | number): Expr {
  return { kind: 'register', type: of.type, registers: of, index: index(at) };
}

/** The value of an expression that is a number. */
export function numberOf(expr: Expr): number | undefined {
  return expr.kind === 'number' ? Number(expr.value) : undefined;
}

// ---- i32 arithmetic of indices -------------------------------------------------------------------------------------------------------

interface Sum {
  readonly terms: readonly { readonly of: Expr; readonly factor: number }[];
  readonly constant: number;
}

function sumOf(expr: Expr): Sum {
  if (expr.kind === 'sum') return expr;
  if (expr.kind === 'number') return { terms: [], constant: Number(expr.value) };
  return { terms: [{ of: expr, factor: 1 }], constant: 0 };
}

function fromSum({ terms, constant }: Sum): Expr {
  if (terms.length === 0) return number(constant);
  if (terms.length === 1 && terms[0].factor === 1 && constant === 0) return terms[0].of;
  return { kind: 'sum', type: 'i32', terms, constant };
}

/** a + b · factor. */
function combine(a: Sum, b: Sum, factor: number): Expr {
  const terms = new Map(a.terms.map((term) => [keyOf(term.of), term]));
  for (const term of b.terms) {
    const key = keyOf(term.of);
    const sum = (terms.get(key)?.factor ?? 0) + term.factor * factor;
    if (sum === 0) terms.delete(key);
    else terms.set(key, { of: term.of, factor: sum });
  }
  return fromSum({ terms: [...terms.values()], constant: a.constant + b.constant * factor });
}

/** Sum of any number of i32s. */
export function plus(...parts: (Expr | number)[]): Expr {
  return parts.map(index).reduce((sum, part) => combine(sumOf(sum), sumOf(part), 1), number(0));
}

export function minus(a: Expr | number, b: Expr | number): Expr {
  return combine(sumOf(index(a)), sumOf(index(b)), -1);
}

/** An i32 times a constant. */
export function times(a: Expr | number, factor: number): Expr {
  return combine({ terms: [], constant: 0 }, sumOf(index(a)), factor);
}

/** Smallest and largest value of an i32 expression, as far as variables' ranges tell. */
export function rangeOf(expr: Expr): readonly [number, number] {
  const unknown = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY] as const;
  if (expr.kind === 'number') return [Number(expr.value), Number(expr.value)];
  if (expr.kind === 'variable') return expr.variable.range ?? unknown;
  if (expr.kind === 'sum') return rangeOfSum(expr);
  if (expr.kind === 'load') return Number(expr.buffer.type.slice(1)) > 16 ? unknown : limitsOf(expr.buffer.type);
  if (expr.kind !== 'binary') return unknown;
  const [a, b] = [rangeOf(expr.left), rangeOf(expr.right)];
  const divisor = numberOf(expr.right);
  if (expr.op === 'min') return [Math.min(a[0], b[0]), Math.min(a[1], b[1])];
  if (expr.op === 'max') return [Math.max(a[0], b[0]), Math.max(a[1], b[1])];
  if (divisor === undefined || divisor <= 0 || a[0] < 0) return unknown;
  if (expr.op === 'div') return [Math.floor(a[0] / divisor), Math.floor(a[1] / divisor)];
  if (expr.op === 'mod') return [0, Math.min(a[1], divisor - 1)];
  return unknown;
}

/** Smallest and largest integer of a type of at most 32 bits. */
export function limitsOf(type: StorageType): readonly [number, number] {
  const bits = Number(type.slice(1));
  return type.startsWith('u') ? [0, 2 ** bits - 1] : [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1];
}

function rangeOfSum({ terms, constant }: SumExpr): readonly [number, number] {
  let [low, high] = [constant, constant];
  for (const { of, factor } of terms) {
    const ends = rangeOf(of).map((end) => end * factor);
    low += Math.min(...ends);
    high += Math.max(...ends);
  }
  return [low, high];
}

/** Splits a sum of no negative values into a part whose factors `divisor` divides and a rest below it; undefined where that cannot be seen. */
function split(expr: Expr, divisor: number): { whole: Expr; rest: Expr } | undefined {
  const { terms, constant } = sumOf(expr);
  const fits = (factor: number) => factor % divisor === 0;
  const restConstant = ((constant % divisor) + divisor) % divisor;
  const rest = fromSum({ terms: terms.filter(({ factor }) => !fits(factor)), constant: restConstant });
  const [low, high] = rangeOf(rest);
  if (low < 0 || high >= divisor) return undefined;
  const whole = terms.filter(({ factor }) => fits(factor)).map(({ of, factor }) => ({ of, factor: factor / divisor }));
  return { whole: fromSum({ terms: whole, constant: (constant - restConstant) / divisor }), rest };
}

/** Quotient of an i32 that is not negative and a positive constant. */
export function over(a: Expr | number, divisor: number): Expr {
  const of = index(a);
  if (divisor === 1) return of;
  const known = split(of, divisor);
  if (known) return known.whole;
  return { kind: 'binary', type: 'i32', op: 'div', left: of, right: number(divisor) };
}

/** Remainder of an i32 that is not negative and a positive constant. */
export function rest(a: Expr | number, divisor: number): Expr {
  const of = index(a);
  if (divisor === 1) return number(0);
  const known = split(of, divisor);
  if (known) return known.rest;
  return { kind: 'binary', type: 'i32', op: 'mod', left: of, right: number(divisor) };
}

// ---- values --------------------------------------------------------------------------------------------------------------------------

const comparisons: ReadonlySet<BinaryOperator> = new Set(['eq', 'ne', 'lt', 'le', 'gt', 'ge']);

export function binary(op: BinaryOperator, left: Expr, right: Expr): Expr {
  if (left.type === 'i32' && right.type === 'i32') {
    const simple = integer(op, left, right);
    if (simple) return simple;
  }
  return { kind: 'binary', type: comparisons.has(op) ? 'i32' : left.type, op, left, right };
}

/** What ranges and constants decide of an i32 operation. */
function integer(op: BinaryOperator, left: Expr, right: Expr): Expr | undefined {
  const [a, b] = [numberOf(left), numberOf(right)];
  if (op === 'add') return plus(left, right);
  if (op === 'sub') return minus(left, right);
  if (op === 'mul' && b !== undefined) return times(left, b);
  if (op === 'mul' && a !== undefined) return times(right, a);
  const [x, y] = [rangeOf(left), rangeOf(right)];
  if (op === 'min' || op === 'max') {
    const [low, high] = op === 'min' ? [left, right] : [right, left];
    if (x[1] <= y[0]) return low;
    if (y[1] <= x[0]) return high;
  }
  const known = decided(op, x, y);
  return known === undefined ? undefined : number(known ? 1 : 0);
}

function decided(op: BinaryOperator, a: readonly [number, number], b: readonly [number, number]): boolean | undefined {
  const before = a[1] < b[0];
  const notAfter = a[1] <= b[0];
  const after = a[0] > b[1];
  const notBefore = a[0] >= b[1];
  const same = a[0] === a[1] && b[0] === b[1] && a[0] === b[0];
  if (op === 'lt') return before ? true : notBefore ? false : undefined;
  if (op === 'le') return notAfter ? true : after ? false : undefined;
  if (op === 'gt') return after ? true : notAfter ? false : undefined;
  if (op === 'ge') return notBefore ? true : before ? false : undefined;
  if (op === 'eq') return same ? true : before || after ? false : undefined;
  if (op === 'ne') return same ? false : before || after ? true : undefined;
  return undefined;
}

export const add = (a: Expr, b: Expr) => binary('add', a, b);
export const sub = (a: Expr, b: Expr) => binary('sub', a, b);
export const mul = (a: Expr, b: Expr) => binary('mul', a, b);
export const div = (a: Expr, b: Expr) => binary('div', a, b);
export const min = (a: Expr, b: Expr) => binary('min', a, b);
export const max = (a: Expr, b: Expr) => binary('max', a, b);

/** Whether both hold. */
export function both(...conditions: Expr[]): Expr {
  const open = conditions.filter((condition) => numberOf(condition) === undefined);
  if (conditions.some((condition) => numberOf(condition) === 0)) return number(0);
  return open.length === 0 ? number(1) : open.reduce((all, condition) => binary('and', all, condition));
}

export function unary(op: UnaryOperator, of: Expr): Expr {
  if (op === 'neg' && of.type === 'i32') return times(of, -1);
  return { kind: 'unary', type: op === 'not' || op === 'isnan' ? 'i32' : of.type, op, of };
}

export function select(condition: Expr, yes: Expr, no: Expr): Expr {
  const known = numberOf(condition);
  if (known !== undefined) return known === 0 ? no : yes;
  return { kind: 'select', type: yes.type, condition, yes, no };
}

export function cast(type: ScalarType, of: Expr): Expr {
  if (of.type === type) return of;
  if (of.kind === 'number') return number(converted(of.value, type), type);
  // Every i32 fits in an i64.
  if (of.kind === 'cast' && of.type === 'i64' && type === 'i32' && of.of.type === 'i32') return of.of;
  return { kind: 'cast', type, of };
}

function converted(value: number | bigint, type: ScalarType): number | bigint {
  if (type === 'i64' || type === 'u64') return typeof value === 'bigint' ? value : BigInt(Math.trunc(value));
  if (type === 'f32') return Math.fround(Number(value));
  return type === 'f64' ? Number(value) : Math.trunc(Number(value));
}

/** See DotExpr. */
export function dot(x: readonly [Expr, Expr], buffer: Buffer, at: Expr | number): Expr {
  return { kind: 'dot', type: 'i32', x, buffer, index: index(at) };
}

/** See RequantizeExpr. */
export function requantize(of: Expr, multiplier: Expr, shift: number): Expr {
  return { kind: 'requantize', type: 'i32', of, multiplier, shift };
}
