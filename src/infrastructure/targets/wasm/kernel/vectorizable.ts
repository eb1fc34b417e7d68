import {
  type Buffer,
  type Expr,
  expressionsIn,
  type ForStatement,
  keyOf,
  number,
  numberOf,
  plus,
  range,
  rangeOf,
  type Statement,
  times,
  type VectorOptions,
  vectorized,
  within,
} from '../../../codegen/index.js';
import { isOpcode } from '../assembler/index.js';
import type { Functions } from './functions.js';
import { LANES } from './registers.js';
import { substituted, unrolled } from './rewrite.js';
import { fitsVector, vectorOpcode } from './types.js';

/** What vectors of 128 bits have instructions for. */
export function vectorOptions(functions: Functions): VectorOptions {
  const isInstruction = (op: string, { type }: Expr) =>
    isOpcode(vectorOpcode(op, type)) || (type === 'f32' && functions.vector(op as 'exp') !== undefined);
  const supports = (expr: Expr): boolean => {
    if (!fitsVector(expr.type)) return false;
    switch (expr.kind) {
      case 'load':
        return /^(f32|[iu](8|16|32))$/.test(expr.buffer.type);
      case 'dot':
        return /^(i8|u8|i16)$/.test(expr.buffer.type);
      case 'binary': {
        const { op, left, right } = expr;
        if ((op === 'shl' || op === 'shr') && right.kind !== 'splat') return false;
        return fitsVector(left.type) && isInstruction(op, left);
      }
      case 'unary': {
        const { op, of } = expr;
        if (op === 'isnan' || op === 'not') return fitsVector(of.type);
        return fitsVector(of.type) && isInstruction(op === 'round' ? 'nearest' : op, of) && !(of.type === 'u32' && op === 'abs');
      }
      case 'cast':
        return fitsVector(expr.of.type);
      case 'select':
        return fitsVector(expr.condition.type) && (expr.condition.kind === 'splat' || (readsInside(expr.yes) && readsInside(expr.no)));
      default:
        return true;
    }
  };
  return { width: LANES, others: 'unroll', supports };
}

/** Whether all that an expression reads lies inside of its buffer, so that it may be computed where it is not asked for. */
function readsInside(expr: Expr): boolean {
  for (const part of within(expr)) {
    if (part.kind !== 'load') continue;
    const [low, high] = rangeOf(part.index);
    if (low < 0 || high >= part.buffer.size) return false;
  }
  return true;
}

/**
 * Statements in which loops that nobody has marked run in vectors, too: those that only compute and store, and no round of which reads what another
 * writes.
 * @param placeOf what two buffers share if they lie in the same place.
 */
export function withVectorLoops(body: readonly Statement[], options: VectorOptions, placeOf: (buffer: Buffer) => unknown): Statement[] {
  return body.flatMap((statement): Statement[] => {
    if (statement.kind === 'for' && !statement.vector) {
      return inVectors(statement, options, placeOf) ?? [{ ...statement, body: withVectorLoops(statement.body, options, placeOf) }];
    }
    if (statement.kind === 'while') return [{ ...statement, body: withVectorLoops(statement.body, options, placeOf) }];
    if (statement.kind !== 'if') return [statement];
    const { yes, no } = statement;
    return [{ ...statement, yes: withVectorLoops(yes, options, placeOf), ...(no && { no: withVectorLoops(no, options, placeOf) }) }];
  });
}

/** A loop as vector loops over some rounds at once, and a rest; undefined where it cannot be. */
function inVectors(loop: ForStatement, options: VectorOptions, placeOf: (buffer: Buffer) => unknown): Statement[] | undefined {
  const { variable, from, to, step, body } = loop;
  const [first, last] = [numberOf(from), numberOf(to)];
  if (first === undefined || last === undefined || step !== 1 || last - first < LANES || !isIndependent(body, placeOf)) return undefined;
  const size = last - first >= 4 * LANES ? 2 * LANES : LANES;
  const rounds = (count: number, at: (lane: Expr) => Expr) =>
    range('lane', 0, count, (lane) => substituted(body, variable, at(lane)), { vector: true });
  if (
    !isWhollyVector(
      vectorized(
        rounds(LANES, (lane) => plus(first, lane)),
        options,
      ),
    )
  )
    return undefined;
  const blocks = Math.floor((last - first) / size);
  const block = (each: Expr) => rounds(size, (lane) => plus(first, times(each, size), lane));
  const done = first + blocks * size;
  const left = Math.floor((last - done) / LANES) * LANES;
  return [
    ...(blocks === 1 ? block(number(0)) : range('vector', 0, blocks, block)),
    ...(left > 0 ? rounds(left, (lane) => plus(done, lane)) : []),
    ...unrolled(
      body,
      variable,
      Array.from({ length: last - done - left }, (_, round) => done + left + round),
    ),
  ];
}

/** Whether all that is stored is a vector. */
function isWhollyVector(statements: readonly Statement[]): boolean {
  return statements.every(
    (statement) => statement.kind === 'declare' || (statement.kind === 'store' && 'lanes' in statement.value && statement.value.lanes),
  );
}

/** Whether statements only compute and store, each place once, and read of what they write only that place. */
function isIndependent(body: readonly Statement[], placeOf: (buffer: Buffer) => unknown): boolean {
  if (!body.every(({ kind }) => kind === 'declare' || kind === 'store')) return false;
  const stores = body.filter((statement) => statement.kind === 'store');
  const written = new Map(stores.map(({ buffer, index }) => [placeOf(buffer), keyOf(index)]));
  if (stores.length === 0 || written.size !== stores.length) return false;
  for (const statement of body) {
    for (const expr of expressionsIn(statement).flatMap((each) => [...within(each)])) {
      if (expr.kind !== 'load' && expr.kind !== 'dot') continue;
      const place = placeOf(expr.buffer);
      if (written.has(place) && (expr.kind === 'dot' || written.get(place) !== keyOf(expr.index))) return false;
    }
  }
  return true;
}
