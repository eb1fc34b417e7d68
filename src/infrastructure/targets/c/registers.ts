import { type Expr, expressionsOf, type Registers, rangeOf, type Statement, statementsOf, type Variable } from '../../codegen/index.js';
import { typeName } from './numbers.js';
import { vectorName } from './vectors.js';

/** Registers of which several are read or set at once, and that only constants index. */
export function vectorRegisters(body: readonly Statement[]): Set<Registers> {
  const several = new Set<Registers>();
  const plain = new Set<Registers>();
  const note = (of: Registers, index: Expr, lanes: number | undefined) => {
    if (lanes) several.add(of);
    if (index.kind !== 'number') plain.add(of);
  };
  for (const expr of expressionsOf(body)) if (expr.kind === 'register') note(expr.registers, expr.index, expr.lanes);
  for (const statement of statementsOf(body))
    if (statement.kind === 'set') note(statement.registers, statement.index, lanesOf(statement.value));
  return new Set([...several].filter((of) => !plain.has(of)));
}

/** Numbers of a vector; undefined for one number. */
export function lanesOf(expr: Expr): number | undefined {
  return 'lanes' in expr ? expr.lanes : undefined;
}

/** Whether a vector's numbers fit into 16 bits. */
export function fitsInHalf(expr: Expr): boolean {
  const [low, high] = rangeOf(expr);
  return low >= -32768 && high <= 32767;
}

/** C's type of a local. */
export function localType({ type, lanes }: Variable): string {
  return lanes ? vectorName(type) : typeName(type);
}
