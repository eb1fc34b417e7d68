import {
  type Buffer,
  bitsOfStorage,
  type Expr,
  expressionsIn,
  keyOf,
  type Statement,
  type Variable,
  within,
} from '../../../codegen/index.js';
import { isOpcode } from '../assembler/index.js';
import { sumOf } from './addresses.js';
import type { Functions } from './functions.js';
import { fitsVector, vectorOpcode } from './types.js';

/**
 * Whether rounds of a loop can run four at once, though nobody said so: it only computes and stores, in types of 32 bits and by operations that vectors
 * have, each access is the same for all rounds or next to that of the round before, and no round reads what another writes.
 * @param placeOf what two buffers share if they lie in the same place.
 */
export function isVectorizable(
  body: readonly Statement[],
  variable: Variable,
  functions: Functions,
  placeOf: (buffer: Buffer) => unknown,
): boolean {
  const stores = body.filter((statement) => statement.kind === 'store');
  if (stores.length === 0 || !body.every((statement) => statement.kind === 'declare' || statement.kind === 'store')) return false;
  const varying = new Set<Variable>([variable]);
  for (const statement of body) {
    if (statement.kind === 'store') {
      if (bitsOfStorage(statement.buffer.type) > 32 || stepOf(statement.index, variable, varying) !== 1) return false;
      if (!fits(statement.value, variable, varying, functions)) return false;
    } else if (statement.kind === 'declare') {
      if (!fits(statement.value, variable, varying, functions)) return false;
      if (varies(statement.value, varying)) varying.add(statement.variable);
    }
  }
  const written = new Map(stores.map(({ buffer, index }) => [placeOf(buffer), keyOf(index)]));
  if (written.size !== stores.length) return false;
  for (const statement of body) {
    for (const expr of expressionsIn(statement).flatMap((each) => [...within(each)])) {
      if (expr.kind !== 'load') continue;
      const place = placeOf(expr.buffer);
      if (written.has(place) && written.get(place) !== keyOf(expr.index)) return false;
    }
  }
  return true;
}

function varies(expr: Expr, varying: ReadonlySet<Variable>): boolean {
  for (const part of within(expr)) if (part.kind === 'variable' && varying.has(part.variable)) return true;
  return false;
}

function stepOf(index: Expr, variable: Variable, varying: ReadonlySet<Variable>): number | undefined {
  let step = 0;
  for (const { of, factor } of sumOf(index).terms) {
    if (of.kind === 'variable' && of.variable === variable) step += factor;
    else if (varies(of, varying)) return undefined;
  }
  return step;
}

function fits(expr: Expr, variable: Variable, varying: ReadonlySet<Variable>, functions: Functions): boolean {
  if (!fitsVector(expr.type)) return false;
  if (!varies(expr, varying)) return true;
  const inner = (...parts: readonly Expr[]) => parts.every((part) => fits(part, variable, varying, functions));
  switch (expr.kind) {
    case 'number':
    case 'variable':
      return true;
    case 'register':
      return false;
    case 'sum':
      return inner(...expr.terms.map(({ of }) => of));
    case 'load':
      return bitsOfStorage(expr.buffer.type) >= 8 && stepOf(expr.index, variable, varying) === 1;
    case 'binary': {
      const { op, left, right } = expr;
      if ((op === 'shl' || op === 'shr') && varies(right, varying)) return false;
      const isKnown = isOpcode(vectorOpcode(op, left.type)) || (left.type === 'f32' && functions.vector(op) !== undefined);
      return isKnown && inner(left, right);
    }
    case 'unary': {
      const { op, of } = expr;
      if (op === 'isnan' || (op === 'not' && of.type === 'i32')) return inner(of);
      const isKnown = isOpcode(vectorOpcode(op === 'round' ? 'nearest' : op, of.type)) || functions.vector(op) !== undefined;
      return isKnown && inner(of);
    }
    case 'select':
      return [expr.yes, expr.no].every(isSafe) && inner(expr.condition, expr.yes, expr.no);
    case 'cast':
    case 'splat':
      return inner(expr.of);
  }
}

/** Whether computing it where it is not asked for reads nothing that is not there. */
function isSafe(expr: Expr): boolean {
  for (const part of within(expr)) if (part.kind === 'load') return false;
  return true;
}
