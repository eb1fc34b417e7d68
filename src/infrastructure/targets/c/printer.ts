import {
  type BinaryExpr,
  type Buffer,
  bitsOfStorage,
  type DotExpr,
  type Expr,
  plus,
  type Registers,
  type ScalarType,
  type Statement,
  type StorageType,
  scalarOf,
  type UnaryExpr,
  type Variable,
} from '../../codegen/index.js';
import { mathFunctions } from './functions.js';
import { literal, typeName } from './numbers.js';
import { bare, bracketed, operators } from './operators.js';
import type { NumberParameter } from './parameters.js';
import { fitsInHalf, lanesOf, localType, vectorRegisters } from './registers.js';
import { isSlotType, literals, type SlotText } from './slots.js';
import { calledBy, packedName, vectorName, WIDTH } from './vectors.js';

/** A kernel as a C function, whose text does not depend on which buffers it is called with. */
export interface PrintedKernel {
  /** Parameters and body, without the name: equal for kernels that one function can be. */
  readonly text: string;
  /** What is passed, in the order of the parameters. Buffers that lie at one place are one parameter. */
  readonly buffers: readonly Buffer[];
  /** Numbers that are passed behind the buffers, as C reads them. */
  readonly numbers?: readonly string[];
  /** Names of helpers that are called. */
  readonly helpers: ReadonlySet<string>;
}

interface Parameter {
  readonly buffer: Buffer;
  readonly name: string;
  written: boolean;
}

export interface PrinterOptions {
  /** Buffers in the order in which they are to be, where that is given. */
  readonly parameters?: readonly Buffer[];
  /** Numbers that are passed, behind the buffers. */
  readonly numbers?: readonly Pick<NumberParameter, 'name' | 'type'>[];
  readonly slot?: SlotText;
}

/** Prints the statements of one kernel. */
export class KernelPrinter {
  readonly #placeOf: (buffer: Buffer) => unknown;
  readonly #parameters = new Map<unknown, Parameter>();
  readonly #names = new Map<number, string>();
  readonly #taken = new Map<string, number>();
  readonly #helpers = new Set<string>();

  /** Registers that hold vectors: each of these has a name. */
  #vectors = new Set<Registers>();

  readonly #slot: SlotText;
  readonly #numbers: NonNullable<PrinterOptions['numbers']>;

  constructor(placeOf: (buffer: Buffer) => unknown, { parameters = [], numbers = [], slot = literals }: PrinterOptions = {}) {
    this.#placeOf = placeOf;
    this.#slot = slot;
    this.#numbers = numbers;
    for (const buffer of parameters) this.#parameter(buffer);
  }

  /** @returns parameters and body, what is passed, and the helpers that are called. */
  print(body: readonly Statement[]): PrintedKernel {
    this.#vectors = vectorRegisters(body);
    const lines = this.#block(body, 1);
    const parameters = [...this.#parameters.values()].map(
      ({ buffer, name, written }) => `${written ? '' : 'const '}${typeName(buffer.type)} *restrict ${name}`,
    );
    for (const { name, type } of this.#numbers) parameters.push(`${typeName(type)} ${name}`);
    return {
      text: `(${parameters.join(', ') || 'void'}) {\n${lines.join('\n')}\n}\n`,
      buffers: [...this.#parameters.values()].map(({ buffer }) => buffer),
      helpers: this.#helpers,
    };
  }

  #parameter(buffer: Buffer): Parameter {
    const place = this.#placeOf(buffer);
    const known = this.#parameters.get(place);
    if (known) return known;
    const made = { buffer, name: this.#fresh(buffer.role === 'constant' ? 'w' : 'x'), written: false };
    this.#parameters.set(place, made);
    return made;
  }

  /** A name that nothing else in the function has. */
  #fresh(hint: string): string {
    const count = this.#taken.get(hint) ?? 0;
    this.#taken.set(hint, count + 1);
    return count === 0 ? hint : `${hint}_${count}`;
  }

  #nameOf({ id, hint }: Variable | Registers): string {
    const known = this.#names.get(id);
    if (known) return known;
    const name = this.#fresh(hint);
    this.#names.set(id, name);
    return name;
  }

  #block(body: readonly Statement[], depth: number): string[] {
    return body.flatMap((statement) => this.#statement(statement, depth));
  }

  #statement(statement: Statement, depth: number): string[] {
    const indent = '  '.repeat(depth);
    const line = (text: string) => [`${indent}${text}`];
    switch (statement.kind) {
      case 'for': {
        const name = this.#nameOf(statement.variable);
        // Compilers make vectors of what is known to them.
        const bound = (expr: Expr) => (statement.vector && expr.kind === 'number' ? literal(expr.value, expr.type) : this.#expr(expr));
        const [from, to] = [bound(statement.from), bound(statement.to)];
        const step = statement.step === 1 ? `${name}++` : `${name} += ${statement.step}`;
        return [
          ...line(`for (int32_t ${name} = ${bare(from)}; ${name} < ${to}; ${step}) {`),
          ...this.#block(statement.body, depth + 1),
          ...line('}'),
        ];
      }
      case 'while':
        return [...line(`while (${bare(this.#expr(statement.condition))}) {`), ...this.#block(statement.body, depth + 1), ...line('}')];
      case 'declare':
        return line(`${localType(statement.variable)} ${this.#nameOf(statement.variable)} = ${bare(this.#expr(statement.value))};`);
      case 'registers':
        return line(this.#registers(statement.registers));
      case 'assign':
        return line(`${this.#nameOf(statement.variable)} = ${bare(this.#expr(statement.value))};`);
      case 'set':
        return line(
          `${this.#register(statement.registers, statement.index, lanesOf(statement.value))} = ${bare(this.#expr(statement.value))};`,
        );
      case 'store': {
        const parameter = this.#parameter(statement.buffer);
        parameter.written = true;
        const value = this.#expr(statement.value);
        const at = this.#expr(statement.index);
        const { type } = statement.buffer;
        const bits = bitsOfStorage(type);
        if (bits < 8) return line(`${this.#call(`store_${bits}`, [parameter.name, at, value])};`);
        if (!lanesOf(statement.value)) return line(`${parameter.name}[${bare(at)}] = ${this.#stored(type, value)};`);
        const whole = scalarOf(type) === type ? bare(value) : `__builtin_convertvector(${bare(value)}, ${packedName(type)})`;
        return line(`*(${packedName(type)} *)(${parameter.name} + ${at}) = ${whole};`);
      }
      case 'if': {
        const lines = [...line(`if (${bare(this.#expr(statement.condition))}) {`), ...this.#block(statement.yes, depth + 1)];
        if (!statement.no) return [...lines, ...line('}')];
        return [...lines, ...line('} else {'), ...this.#block(statement.no, depth + 1), ...line('}')];
      }
    }
  }

  #registers(of: Registers): string {
    const name = this.#nameOf(of);
    if (!this.#vectors.has(of)) return `${typeName(of.type)} ${name}[${of.size}];`;
    const each = Array.from({ length: Math.ceil(of.size / WIDTH) }, (_, part) => `${name}_v${part} = {0}`);
    return `${vectorName(of.type)} ${each.join(', ')};`;
  }

  /** A register, or several of them. */
  #register(of: Registers, index: Expr, lanes: number | undefined): string {
    const name = this.#nameOf(of);
    if (!this.#vectors.has(of)) {
      const at = index.kind === 'number' ? String(index.value) : bare(this.#expr(index));
      return lanes ? `*(${packedName(of.type)} *)(${name} + ${at})` : `${name}[${at}]`;
    }
    const first = Number(index.kind === 'number' ? index.value : Number.NaN);
    const part = `${name}_v${Math.floor(first / WIDTH)}`;
    return lanes ? part : `${part}[${first % WIDTH}]`;
  }

  #stored(type: StorageType, value: string): string {
    return scalarOf(type) === type ? bare(value) : `(${typeName(type)})${value}`;
  }

  /** An expression that may stand as an operand: in brackets where it has to be. */
  #expr(expr: Expr): string {
    switch (expr.kind) {
      case 'number':
        return this.#number(expr.value, expr.type);
      case 'variable':
        return this.#nameOf(expr.variable);
      case 'sum':
        return `(${this.#sum(expr.terms, expr.constant)})`;
      case 'load':
        return expr.lanes ? this.#loadVector(expr.buffer, expr.index) : this.#load(expr.buffer, bare(this.#expr(expr.index)), expr.type);
      case 'register':
        return this.#register(expr.registers, expr.index, expr.lanes);
      case 'splat':
        return this.#call(`splat_${vectorName(expr.type)}`, [this.#expr(expr.of)]);
      case 'select':
        if (expr.lanes)
          return this.#call(
            `select_${vectorName(expr.type)}`,
            [expr.condition, expr.yes, expr.no].map((each) => this.#expr(each)),
          );
        return `(${this.#expr(expr.condition)} ? ${this.#expr(expr.yes)} : ${this.#expr(expr.no)})`;
      case 'cast':
        if (expr.lanes) return `__builtin_convertvector(${bare(this.#expr(expr.of))}, ${vectorName(expr.type)})`;
        return `(${typeName(expr.type)})${this.#expr(expr.of)}`;
      case 'dot':
        return this.#dot(expr);
      case 'requantize':
        return this.#call(expr.lanes ? 'requantize_i32x4' : 'requantize', [
          this.#expr(expr.of),
          this.#expr(expr.multiplier),
          this.#number(expr.shift, 'i32'),
        ]);
      case 'binary':
        return this.#binary(expr);
      case 'unary':
        return this.#unary(expr);
    }
  }

  /** A number that is passed, or the number itself. */
  #number(value: number | bigint, type: ScalarType): string {
    const passed = isSlotType(type) ? this.#slot({ type, value: Number(value) }) : undefined;
    return passed ?? bracketed(literal(value, type));
  }

  #sum(terms: readonly { readonly of: Expr; readonly factor: number }[], constant: number): string {
    const parts = terms.map(({ of, factor }) => {
      const text = this.#expr(of);
      const passed = this.#slot({ type: 'i32', value: factor });
      if (passed) return { minus: false, text: `${text} * ${passed}` };
      const size = Math.abs(factor);
      return { minus: factor < 0, text: size === 1 ? text : `${text} * ${size}` };
    });
    const passed = this.#slot({ type: 'i32', value: constant });
    if (passed) parts.push({ minus: false, text: passed });
    else if (constant !== 0) parts.push({ minus: constant < 0, text: String(Math.abs(constant)) });
    // What is taken away stands last: a sum does not begin with a sign where it need not.
    parts.sort((a, b) => Number(a.minus) - Number(b.minus));
    return parts.map(({ minus, text }, place) => (place === 0 ? `${minus ? '-' : ''}${text}` : ` ${minus ? '-' : '+'} ${text}`)).join('');
  }

  #load(buffer: Buffer, index: string, type: ScalarType): string {
    const { name } = this.#parameter(buffer);
    if (/^[iu][24]$/.test(buffer.type)) return this.#call(`load_${buffer.type}`, [name, index]);
    return buffer.type === type ? `${name}[${index}]` : `(${typeName(type)})${name}[${index}]`;
  }

  #call(helper: string, given: readonly string[]): string {
    for (const each of [helper, ...(calledBy[helper] ?? [])]) this.#helpers.add(each);
    return `${helper}(${given.map(bare).join(', ')})`;
  }

  #dot({ x, buffer, index, lanes }: DotExpr): string {
    const { name } = this.#parameter(buffer);
    const [a, b] = x.map((each) => this.#expr(each));
    if (lanes) return this.#call(`dot_${buffer.type}x4`, [`${name} + ${this.#expr(index)}`, a, b]);
    const element = (at: Expr) => this.#load(buffer, bare(this.#expr(at)), 'i32');
    return `(${a} * ${element(index)} + ${b} * ${element(plus(index, 1))})`;
  }

  #loadVector(buffer: Buffer, index: Expr): string {
    const at = `*(const ${packedName(buffer.type)} *)(${this.#parameter(buffer).name} + ${this.#expr(index)})`;
    const type = scalarOf(buffer.type);
    return type === buffer.type ? `(${at})` : `__builtin_convertvector(${at}, ${vectorName(type)})`;
  }

  #binary({ op, left, right, lanes }: BinaryExpr): string {
    const [a, b] = [this.#expr(left), this.#expr(right)];
    const { type } = left;
    if (lanes && op === 'mul' && type === 'i32' && fitsInHalf(left) && fitsInHalf(right)) return this.#call('mul_halves', [a, b]);
    if (op === 'min' || op === 'max') return this.#call(`${op}_${lanes ? vectorName(type) : type}`, [a, b]);
    const math = mathFunctions[op];
    if (math) return `${math}${type === 'f32' ? 'f' : ''}(${bare(a)}, ${bare(b)})`;
    return `(${a} ${operators[op]} ${b})`;
  }

  #unary({ op, of, lanes }: UnaryExpr): string {
    const a = this.#expr(of);
    if (lanes && op !== 'neg') return this.#call(`${op}_${vectorName(of.type)}`, [a]);
    const isFloat = of.type === 'f32' || of.type === 'f64';
    if (op === 'neg') return `(-${a})`;
    if (op === 'not') return `(${a} == 0)`;
    if (op === 'isnan') return `(${a} != ${a})`;
    if (op === 'round' && of.type === 'f32') return this.#call('round_f32', [a]);
    if (isFloat) return `${mathFunctions[op]}${of.type === 'f32' ? 'f' : ''}(${bare(a)})`;
    if (op === 'abs') return of.type === 'u32' || of.type === 'u64' ? a : this.#call(`abs_${of.type}`, [a]);
    if (op === 'floor' || op === 'ceil' || op === 'trunc' || op === 'round') return a;
    // Other functions of integers are not in ONNX: their inputs are floats.
    return `(${typeName(of.type)})${mathFunctions[op]}((double)${a})`;
  }
}
