import { number, numberOf, read, register, registers, variable } from './build.js';
import { set } from './statements.js';
import type { Expr, ForStatement, Registers, Statement, Variable } from './types.js';
import { expressionsOf, replaceIn, statementsOf } from './walk.js';

/** Operations from which on a body is not written once for each vector, and not once for each number. */
const LONG = 3;
const LONG_PLAIN = 2;

/** Whether a body takes so many operations that it is not written out. */
export function isLong(body: readonly Statement[], long = LONG): boolean {
  let count = 0;
  for (const { kind, ...expr } of expressionsOf(body)) {
    if (kind === 'requantize') count += LONG;
    if ('op' in expr || kind === 'select' || kind === 'cast') count++;
  }
  return count >= long;
}

/** One round of a loop, with locals of its own. */
export function round(loop: ForStatement, lane: number): Statement[] {
  const locals = new Map<Variable, Variable>();
  for (const statement of statementsOf(loop.body)) {
    if (statement.kind !== 'declare' && statement.kind !== 'for') continue;
    const { variable: old } = statement;
    locals.set(old, { ...variable(old.hint, old.type, old.range) });
  }
  const renamed = (of: Variable) => locals.get(of) ?? of;
  const body = replaceIn(loop.body, (part) => {
    if (part.kind !== 'variable') return undefined;
    return part.variable === loop.variable ? number(lane) : locals.has(part.variable) ? read(renamed(part.variable)) : undefined;
  });
  const rename = (statement: Statement): Statement => {
    if (statement.kind === 'for') return { ...statement, variable: renamed(statement.variable), body: statement.body.map(rename) };
    if (statement.kind === 'declare' || statement.kind === 'assign') return { ...statement, variable: renamed(statement.variable) };
    if (statement.kind === 'while') return { ...statement, body: statement.body.map(rename) };
    if (statement.kind === 'if')
      return { ...statement, yes: statement.yes.map(rename), ...(statement.no && { no: statement.no.map(rename) }) };
    return statement;
  };
  return body.map(rename);
}

/** How registers are copied: so many at a time; those that are plain already are read themselves. */
export interface CopyOptions {
  readonly width: number;
  readonly isPlain: (of: Registers) => boolean;
}

/** The body of a loop over copies of the registers that it reads, which any index may read: those themselves are then indexed by constants only. */
export function overCopies(
  loop: ForStatement,
  { width, isPlain }: CopyOptions = { width: 1, isPlain: () => false },
): { copying: Statement[]; copied: Statement[]; copies: Registers[] } {
  const copies = new Map<Registers, Registers>();
  const copied = replaceIn(loop.body, (expr) => {
    if (expr.kind !== 'register' || isPlain(expr.registers)) return undefined;
    const copy = copies.get(expr.registers) ?? registers(`${expr.registers.hint}_lanes`, expr.type, expr.registers.size);
    copies.set(expr.registers, copy);
    return register(copy, expr.index);
  });
  const one = (from: Registers, to: Registers, lane: number) => set(to, lane, register(from, lane));
  const copying = [...copies].flatMap(([from, to]): Statement[] => [
    { kind: 'registers', registers: to },
    ...Array.from({ length: Math.ceil(from.size / width) }, (_, each): Statement[] => {
      const start = each * width;
      if (width > 1 && start + width <= from.size) return [set(to, start, { ...register(from, start), lanes: width } as Expr)];
      return Array.from({ length: Math.min(width, from.size - start) }, (_, lane) => one(from, to, start + lane));
    }).flat(),
  ]);
  return { copying, copied, copies: [...copies.values()] };
}

/** Statements in which vector loops of at most `most` rounds are written out, unless what they do is long: their registers are indexed by constants then. */
export function unrolled(body: readonly Statement[], most: number): Statement[] {
  return body.flatMap((statement): Statement[] => {
    if (statement.kind === 'for' && statement.vector) {
      const size = numberOf(statement.to) ?? 0;
      if (size > most) return [statement];
      if (isLong(statement.body, LONG_PLAIN) && !statement.body.some(({ kind }) => kind === 'set')) {
        const { copying, copied } = overCopies(statement);
        return [...copying, { ...statement, body: copied }];
      }
      return Array.from({ length: size }, (_, lane) => round(statement, lane)).flat();
    }
    if (statement.kind === 'for' || statement.kind === 'while') return [{ ...statement, body: unrolled(statement.body, most) }];
    if (statement.kind !== 'if') return [statement];
    return [{ ...statement, yes: unrolled(statement.yes, most), ...(statement.no && { no: unrolled(statement.no, most) }) }];
  });
}
