import { Sha256 } from '../../../base/index.js';
import type { Buffer, Expr, Kernel, Registers, Statement, Variable } from './types.js';
import { writesOf } from './walk.js';

/**
 * A short text that kernels share if they do the same with memory of the same form: loops, sizes, places and types are equal; names, weights, scales and
 * zero points may differ.
 */
export function structureOf(kernels: readonly Pick<Kernel, 'body'>[]): string {
  const writer = new Structure();
  return new Sha256()
    .update(kernels.map(({ body }) => writer.kernel(body)).join('\n'))
    .hex()
    .slice(0, DIGITS);
}

const DIGITS = 12;

/** Writes statements with all that is named counted in the order in which it appears. */
class Structure {
  readonly #names = new Map<Buffer | Registers | Variable, string>();
  /** Locals that hold elements of tensors, or what was computed of them: constants beside these are no sizes. */
  readonly #values = new Set<Variable>();
  #written = new Set<Buffer>();

  kernel(body: readonly Statement[]): string {
    this.#written = new Set(writesOf(body));
    return this.#block(body);
  }

  #name(of: Buffer | Registers | Variable, about: string): string {
    const known = this.#names.get(of);
    if (known) return known;
    const name = `${about}${this.#names.size}`;
    this.#names.set(of, name);
    return name;
  }

  #buffer(of: Buffer): string {
    return this.#name(of, `${of.type}${this.#written.has(of) ? 'w' : of.role === 'constant' ? 'c' : 'r'}`);
  }

  #block(body: readonly Statement[]): string {
    return body.map((each) => this.#statement(each)).join(';');
  }

  #statement(statement: Statement): string {
    switch (statement.kind) {
      case 'for': {
        const { variable, from, to, step, vector, body } = statement;
        return `for ${this.#name(variable, 'v')} ${this.#expr(from)} ${this.#expr(to)} ${step} ${vector ? 'v' : ''}{${this.#block(body)}}`;
      }
      case 'while':
        return `while ${this.#expr(statement.condition)} {${this.#block(statement.body)}}`;
      case 'if':
        return `if ${this.#expr(statement.condition)} {${this.#block(statement.yes)}} {${this.#block(statement.no ?? [])}}`;
      case 'declare':
      case 'assign':
        if (this.#isValue(statement.value)) this.#values.add(statement.variable);
        return `${this.#name(statement.variable, statement.variable.type)}=${this.#expr(statement.value)}`;
      case 'registers':
        return `${this.#name(statement.registers, statement.registers.type)}(${statement.registers.size})`;
      case 'set':
        return `${this.#name(statement.registers, 'x')}[${this.#expr(statement.index)}]=${this.#expr(statement.value, true)}`;
      case 'store':
        return `${this.#buffer(statement.buffer)}[${this.#expr(statement.index)}]=${this.#expr(statement.value, true)}`;
    }
  }

  /** @param isValue whether constants in it are values of the model, not sizes: they are left out. */
  #expr(expr: Expr, isValue = this.#isValue(expr)): string {
    const inner = (part: Expr) => this.#expr(part, isValue);
    switch (expr.kind) {
      case 'number':
        return isValue || expr.type !== 'i32' ? expr.type : String(expr.value);
      case 'variable':
        return this.#name(expr.variable, 'v');
      case 'sum':
        return `(${expr.terms.map(({ of, factor }) => `${isValue ? '' : factor}*${inner(of)}`).join('+')}+${isValue ? '' : expr.constant})`;
      case 'load':
        return `${this.#buffer(expr.buffer)}[${this.#expr(expr.index)}]`;
      case 'register':
        return `${this.#name(expr.registers, 'x')}[${this.#expr(expr.index)}]`;
      case 'binary':
        return `${expr.op}(${inner(expr.left)},${inner(expr.right)})`;
      case 'unary':
        return `${expr.op}(${inner(expr.of)})`;
      case 'select':
        return `select(${this.#expr(expr.condition)},${inner(expr.yes)},${inner(expr.no)})`;
      case 'cast':
        return `${expr.type}(${this.#expr(expr.of)})`;
      case 'dot':
        return `dot(${expr.x.map((each) => this.#expr(each, true))},${this.#buffer(expr.buffer)}[${this.#expr(expr.index)}])`;
      case 'requantize':
        return `requantize(${inner(expr.of)},${inner(expr.multiplier)})`;
      case 'splat':
        return `splat(${inner(expr.of)})`;
    }
  }

  /** Whether an expression is computed of elements, not of counts of loops alone. */
  #isValue(expr: Expr): boolean {
    switch (expr.kind) {
      case 'number':
        return expr.type !== 'i32';
      case 'variable':
        return expr.type !== 'i32' || this.#values.has(expr.variable);
      case 'sum':
        return expr.terms.some(({ of }) => this.#isValue(of));
      case 'binary':
        return this.#isValue(expr.left) || this.#isValue(expr.right);
      case 'select':
        return this.#isValue(expr.yes) || this.#isValue(expr.no);
      default:
        return true;
    }
  }
}
