import type { Buffer, Expr, Kernel, Registers, ScalarType, Statement, Variable } from '#dist/infrastructure/codegen/index.js';

type Scalar = number | bigint;
/** Elements of buffers, by name; of types below 8 bits, each in a number of its own. */
export type Memory = Map<string, Scalar[]>;

/** Runs a kernel as its words say, one statement after the other: what generated code is compared with. */
export function evaluate({ body }: Pick<Kernel, 'body'>, memory: Memory): void {
  new Evaluator(memory).run(body);
}

class Evaluator {
  readonly #memory: Memory;
  readonly #variables = new Map<Variable, Scalar>();
  readonly #registers = new Map<Registers, Scalar[]>();

  constructor(memory: Memory) {
    this.#memory = memory;
  }

  run(body: readonly Statement[]): void {
    for (const statement of body) this.#statement(statement);
  }

  #statement(statement: Statement): void {
    switch (statement.kind) {
      case 'for':
        for (let i = this.#index(statement.from); i < this.#index(statement.to); i += statement.step) {
          this.#variables.set(statement.variable, i);
          this.run(statement.body);
        }
        break;
      case 'while':
        while (this.#index(statement.condition)) this.run(statement.body);
        break;
      case 'declare':
      case 'assign':
        this.#variables.set(statement.variable, this.#value(statement.value));
        break;
      case 'registers':
        this.#registers.set(statement.registers, new Array(statement.registers.size).fill(0));
        break;
      case 'set':
        (this.#registers.get(statement.registers) as Scalar[])[this.#index(statement.index)] = this.#value(statement.value);
        break;
      case 'store':
        this.#elements(statement.buffer)[this.#index(statement.index)] = stored(this.#value(statement.value), statement.buffer.type);
        break;
      case 'if':
        if (this.#index(statement.condition)) this.run(statement.yes);
        else if (statement.no) this.run(statement.no);
    }
  }

  #elements({ name }: Buffer): Scalar[] {
    return this.#memory.get(name) as Scalar[];
  }

  #index(expr: Expr): number {
    return Number(this.#value(expr));
  }

  #value(expr: Expr): Scalar {
    switch (expr.kind) {
      case 'number':
        return wrapped(expr.value, expr.type);
      case 'variable':
        return this.#variables.get(expr.variable) as Scalar;
      case 'sum':
        return expr.terms.reduce((sum, { of, factor }) => (sum + Math.imul(this.#index(of), factor)) | 0, expr.constant);
      case 'load': {
        const element = this.#elements(expr.buffer)[this.#index(expr.index)];
        if (element === undefined) throw new RangeError(`${expr.buffer.name} is read at ${this.#index(expr.index)}`);
        return element;
      }
      case 'register':
        return (this.#registers.get(expr.registers) as Scalar[])[this.#index(expr.index)];
      case 'select':
        return this.#index(expr.condition) ? this.#value(expr.yes) : this.#value(expr.no);
      case 'cast':
        return wrapped(this.#value(expr.of), expr.type);
      case 'splat':
        return this.#value(expr.of);
      case 'dot': {
        const [first, second] = [0, 1].map((each) => this.#elements(expr.buffer)[this.#index(expr.index) + each]);
        return (this.#index(expr.x[0]) * Number(first) + this.#index(expr.x[1]) * Number(second)) | 0;
      }
      case 'requantize':
        return requantized(this.#index(expr.of), this.#index(expr.multiplier), expr.shift);
      case 'binary':
        return wrapped(binary(expr.op, this.#value(expr.left), this.#value(expr.right), expr.left.type), expr.type);
      case 'unary':
        return wrapped(unary(expr.op, this.#value(expr.of)), expr.type);
    }
  }
}

/** of · multiplier / 2^shift to the nearest, of two to the even one: by the remainder. */
function requantized(of: number, multiplier: number, shift: number): number {
  const [product, unit] = [BigInt(of) * BigInt(multiplier), 2n ** BigInt(shift)];
  const low = product >> BigInt(shift);
  const twice = 2n * (product - low * unit);
  return Number(twice > unit || (twice === unit && low % 2n !== 0n) ? low + 1n : low);
}

/** A number as a type holds it; floats that become integers are in range. */
function wrapped(value: Scalar, type: ScalarType): Scalar {
  if (type === 'f32') return Math.fround(Number(value));
  if (type === 'f64') return Number(value);
  const whole = typeof value === 'bigint' ? value : BigInt(Math.trunc(value));
  const bits = Number(type.slice(1));
  const cut = type.startsWith('u') ? BigInt.asUintN(bits, whole) : BigInt.asIntN(bits, whole);
  return bits === 64 ? cut : Number(cut);
}

function stored(value: Scalar, type: Buffer['type']): Scalar {
  const bits = Number(type.slice(1));
  if (type.startsWith('f') || bits >= 32) return value;
  const cut = type.startsWith('u') ? BigInt.asUintN(bits, BigInt(value)) : BigInt.asIntN(bits, BigInt(value));
  return Number(cut);
}

function binary(op: string, a: Scalar, b: Scalar, type: ScalarType): Scalar {
  if (typeof a === 'bigint' && typeof b === 'bigint') return ofBigs(op, a, b);
  const [x, y] = [Number(a), Number(b)];
  const isReal = type === 'f32' || type === 'f64';
  const known: Record<string, () => number> = {
    add: () => x + y,
    sub: () => x - y,
    mul: () => (isReal ? x * y : Math.imul(x, y)),
    div: () => (isReal ? x / y : Math.trunc(x / y)),
    mod: () => x % y,
    fmod: () => x % y,
    pow: () => x ** y,
    atan2: () => Math.atan2(x, y),
    min: () => Math.min(x, y),
    max: () => Math.max(x, y),
    and: () => x & y,
    or: () => x | y,
    xor: () => x ^ y,
    shl: () => x << y,
    shr: () => (type === 'u32' ? x >>> y : x >> y),
    eq: () => Number(x === y),
    ne: () => Number(x !== y),
    lt: () => Number(x < y),
    le: () => Number(x <= y),
    gt: () => Number(x > y),
    ge: () => Number(x >= y),
  };
  return known[op]();
}

function ofBigs(op: string, x: bigint, y: bigint): Scalar {
  const known: Record<string, () => bigint | number> = {
    add: () => x + y,
    sub: () => x - y,
    mul: () => x * y,
    div: () => x / y,
    mod: () => x % y,
    min: () => (x < y ? x : y),
    max: () => (x > y ? x : y),
    and: () => x & y,
    or: () => x | y,
    xor: () => x ^ y,
    shl: () => x << y,
    shr: () => x >> y,
    eq: () => Number(x === y),
    ne: () => Number(x !== y),
    lt: () => Number(x < y),
    le: () => Number(x <= y),
    gt: () => Number(x > y),
    ge: () => Number(x >= y),
  };
  return known[op]();
}

function unary(op: string, a: Scalar): Scalar {
  if (op === 'not') return Number(a) === 0 ? 1 : 0;
  if (op === 'neg') return -a;
  if (op === 'abs') return a < 0 ? -a : a;
  const x = Number(a);
  if (op === 'isnan') return Number(Number.isNaN(x));
  if (op === 'round') return roundToEven(x);
  return (Math as unknown as Record<string, (x: number) => number>)[op](x);
}

function roundToEven(x: number): number {
  const floor = Math.floor(x);
  if (x - floor !== 0.5) return Math.round(x);
  return floor % 2 === 0 ? floor : floor + 1;
}
