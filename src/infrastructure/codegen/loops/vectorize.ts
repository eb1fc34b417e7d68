import { index, number, numberOf, plus, read, times, variable } from './build.js';
import { keyOf } from './key.js';
import { isLong, overCopies, round } from './rounds.js';
import type { Expr, ForStatement, Registers, SetStatement, Statement, StoreStatement, Variable } from './types.js';
import { expressionsOf, replaceWithin, statementsOf, within } from './walk.js';

export interface VectorOptions {
  /** Numbers of a vector. */
  readonly width: number;
  /** Whether the target has an expression of vectors: of loads, whether it can read such elements. */
  supports(expr: Expr): boolean;
  /**
   * What becomes of a vector loop that has no vector form: 'loop' keeps it a loop, over registers that were copied to plain ones; 'unroll' writes its rounds
   * one after the other.
   */
  readonly others: 'loop' | 'unroll';
}

/**
 * Statements in which vector loops work on vectors, `width` rounds at once, and those left over one by one. Registers that such loops use hold vectors:
 * elsewhere only constants index them.
 */
export function vectorized(body: readonly Statement[], options: VectorOptions): readonly Statement[] {
  // Registers that a loop without a vector form sets stay plain everywhere.
  const plain = new Set<Registers>();
  for (;;) {
    const before = plain.size;
    const result = new Vectorizer(options, plain).block(body);
    if (plain.size === before) return result;
  }
}

class Vectorizer {
  readonly #options: VectorOptions;
  readonly #plain: Set<Registers>;

  /** Plain registers that vectors are read from, too. */
  readonly #copies = new Set<Registers>();

  constructor(options: VectorOptions, plain: Set<Registers>) {
    this.#options = options;
    this.#plain = plain;
  }

  block(body: readonly Statement[]): Statement[] {
    return body.flatMap((statement): Statement[] => {
      if (statement.kind === 'for' && statement.vector) return this.#vectorLoop(statement);
      if (statement.kind === 'for' || statement.kind === 'while') return [{ ...statement, body: this.block(statement.body) }];
      if (statement.kind !== 'if') return [statement];
      return [{ ...statement, yes: this.block(statement.yes), ...(statement.no && { no: this.block(statement.no) }) }];
    });
  }

  #vectorLoop(loop: ForStatement): Statement[] {
    const { width } = this.#options;
    const size = numberOf(loop.to) ?? 0;
    const whole = Math.floor(size / width) * width;
    const rolled = whole > width && this.#options.others === 'loop' && isLong(loop.body) ? this.#rolled(loop, whole) : undefined;
    const result: Statement[] = [...(rolled ?? [])];
    for (let start = 0; start < (rolled ? 0 : whole); start += width) {
      const vectors = this.#at(loop.body, loop.variable, start, new Map());
      if (!vectors) return this.#others(loop, size);
      result.push(...vectors);
    }
    for (let lane = whole; lane < size; lane++) result.push(...round(loop, lane));
    return result;
  }

  /** A loop over vectors, for a body that is long; undefined where it has no vector form. */
  #rolled(loop: ForStatement, whole: number): Statement[] | undefined {
    if (loop.body.some(({ kind }) => kind === 'set')) return undefined;
    const start = variable(loop.variable.hint, 'i32', [0, whole - 1]);
    const { copying, copied } = this.#copied(loop);
    const body = this.#at(copied, loop.variable, read(start), new Map());
    return body && [...copying, { kind: 'for', variable: start, from: number(0), to: number(whole), step: this.#options.width, body }];
  }

  /** A loop that has no vector form. */
  #others(loop: ForStatement, size: number): Statement[] {
    for (const statement of statementsOf(loop.body)) if (statement.kind === 'set') this.#plain.add(statement.registers);
    if (this.#options.others === 'unroll') return Array.from({ length: size }, (_, lane) => round(loop, lane)).flat();
    const { copying, copied } = this.#copied(loop);
    return [...copying, { ...loop, body: copied }];
  }

  #copied(loop: ForStatement): { copying: Statement[]; copied: Statement[] } {
    const made = overCopies(loop, { width: this.#options.width, isPlain: (of) => this.#plain.has(of) });
    for (const copy of made.copies) this.#copies.add(copy);
    return made;
  }

  /** The statements of a loop's body for the rounds from `start` on; undefined where one has no vector form. */
  #at(body: readonly Statement[], lane: Variable, start: Expr | number, vectors: Map<Variable, Variable>): Statement[] | undefined {
    const result: Statement[] = [];
    const convert = (expr: Expr) => this.#vector(expr, lane, start, vectors);
    for (const statement of body) {
      if (statement.kind === 'declare') {
        const value = convert(statement.value);
        if (!value) return undefined;
        const { hint, type, range } = statement.variable;
        const local: Variable = { ...variable(hint, type, range), ...(isVector(value) && { lanes: this.#options.width }) };
        vectors.set(statement.variable, local);
        result.push({ kind: 'declare', variable: local, value });
      } else if (statement.kind === 'set' || statement.kind === 'store') {
        const made = this.#writing(statement, lane, start, vectors, convert);
        if (!made) return undefined;
        result.push(made);
      } else return undefined;
    }
    return result;
  }

  #writing(
    statement: SetStatement | StoreStatement,
    lane: Variable,
    start: Expr | number,
    vectors: ReadonlyMap<Variable, Variable>,
    convert: (expr: Expr) => Expr | undefined,
  ): Statement | undefined {
    const value = convert(statement.value);
    const at = this.#place(statement.index, lane, start, vectors);
    if (!value || !at) return undefined;
    if (statement.kind === 'set' && (this.#plain.has(statement.registers) || !this.#isAligned(at))) return undefined;
    const made = { ...statement, index: at, value: this.#splat(value) };
    return statement.kind === 'set' ||
      this.#options.supports({ kind: 'load', type: value.type, lanes: this.#options.width, buffer: statement.buffer, index: at })
      ? made
      : undefined;
  }

  #isAligned(at: Expr): boolean {
    const first = numberOf(at);
    return first !== undefined && first % this.#options.width === 0;
  }

  #splat(expr: Expr): Expr {
    if (isVector(expr)) return expr;
    return { kind: 'splat', type: expr.type, lanes: this.#options.width, of: expr };
  }

  /** An expression for several rounds at once: a vector, or one number where it is the same in all of them; undefined where it has no such form. */
  #vector(expr: Expr, lane: Variable, start: Expr | number, vectors: ReadonlyMap<Variable, Variable>): Expr | undefined {
    const { width, supports } = this.#options;
    const whole = this.#unchanged(expr, lane, vectors);
    if (whole) return whole;
    const inner = (part: Expr) => this.#vector(part, lane, start, vectors);
    const checked = (made: Expr) => (supports(made) ? made : undefined);
    switch (expr.kind) {
      case 'variable': {
        const local = vectors.get(expr.variable);
        return local && read(local);
      }
      case 'load': {
        const at = this.#place(expr.index, lane, start, vectors);
        return at && checked({ ...expr, index: at, lanes: width });
      }
      case 'register': {
        const at = this.#place(expr.index, lane, start, vectors);
        const whole = at && (this.#copies.has(expr.registers) || (this.#isAligned(at) && !this.#plain.has(expr.registers)));
        return whole ? { ...expr, index: at, lanes: width } : undefined;
      }
      case 'binary': {
        const [left, right] = [inner(expr.left), inner(expr.right)];
        return left && right && checked({ ...expr, lanes: width, left: this.#splat(left), right: this.#splat(right) });
      }
      case 'unary':
      case 'cast': {
        const of = inner(expr.of);
        return of && checked({ ...expr, lanes: width, of: this.#splat(of) });
      }
      case 'select': {
        const parts = [expr.condition, expr.yes, expr.no].map(inner);
        const [condition, yes, no] = parts.map((part) => part && this.#splat(part));
        return condition && yes && no && checked({ ...expr, lanes: width, condition, yes, no });
      }
      case 'dot': {
        const at = this.#place(expr.index, lane, start, vectors, 2);
        const x = expr.x.map((each) => this.#unchanged(each, lane, vectors));
        return at && x[0] && x[1] && checked({ ...expr, index: at, x: [x[0], x[1]], lanes: width });
      }
      case 'requantize': {
        const [of, multiplier] = [inner(expr.of), inner(expr.multiplier)];
        return of && multiplier && checked({ ...expr, lanes: width, of: this.#splat(of), multiplier: this.#splat(multiplier) });
      }
      case 'sum':
        return this.#sum(expr.terms, expr.constant, inner);
      default:
        return undefined;
    }
  }

  /** A sum of vectors of integers: of what was read, not of indices. */
  #sum(
    terms: readonly { readonly of: Expr; readonly factor: number }[],
    constant: number,
    inner: (part: Expr) => Expr | undefined,
  ): Expr | undefined {
    const { width, supports } = this.#options;
    const of = (op: 'add' | 'mul', left: Expr, right: Expr): Expr => ({ kind: 'binary', type: 'i32', lanes: width, op, left, right });
    let sum: Expr | undefined;
    for (const term of terms) {
      const part = inner(term.of);
      if (!part) return undefined;
      const vector = this.#splat(part);
      const scaled = term.factor === 1 ? vector : of('mul', vector, this.#splat(number(term.factor)));
      sum = sum ? of('add', sum, scaled) : scaled;
    }
    if (sum && constant !== 0) sum = of('add', sum, this.#splat(number(constant)));
    return sum && supports(sum) ? sum : undefined;
  }

  /** An index at the round `start`, if from each round to the next it moves on by `step`, with locals of the loop's body as they are named now. */
  #place(at: Expr, lane: Variable, start: Expr | number, vectors: ReadonlyMap<Variable, Variable>, step = 1): Expr | undefined {
    const first = nextTo(at, lane, start, step);
    return first && this.#unchanged(first, lane, vectors);
  }

  /** An expression that is the same in all rounds, with locals of the loop's body as they are named now. */
  #unchanged(expr: Expr, lane: Variable, vectors: ReadonlyMap<Variable, Variable>): Expr | undefined {
    for (const part of within(expr)) {
      if (part.kind === 'register') return undefined;
      if (part.kind === 'variable' && (part.variable === lane || vectors.get(part.variable)?.lanes)) return undefined;
    }
    return replaced(expr, vectors);
  }
}

function replaced(expr: Expr, locals: ReadonlyMap<Variable, Variable>): Expr {
  return replaceWithin(expr, (part) => {
    const local = part.kind === 'variable' ? locals.get(part.variable) : undefined;
    return local && read(local);
  });
}

function isVector(expr: Expr): boolean {
  return 'lanes' in expr && expr.lanes !== undefined;
}

/** An index at the round `start`, if from each round to the next it moves on by `step`. */
function nextTo(at: Expr, lane: Variable, start: Expr | number, step = 1): Expr | undefined {
  const key = keyOf(read(lane));
  if (keyOf(at) === key) return step === 1 ? index(start) : undefined;
  if (at.kind !== 'sum') return undefined;
  const own = at.terms.filter(({ of }) => keyOf(of) === key);
  const others = at.terms.filter(({ of }) => keyOf(of) !== key);
  if (own.length !== 1 || own[0].factor !== step) return undefined;
  if (others.some(({ of }) => [...within(of)].some((part) => keyOf(part) === key))) return undefined;
  return plus(index({ ...at, terms: others }), times(start, step));
}

/** Whether anything in statements is a vector. */
export function hasVectors(body: readonly Statement[]): boolean {
  for (const expr of expressionsOf(body)) if (isVector(expr)) return true;
  return false;
}
