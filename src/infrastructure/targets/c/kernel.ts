import {
  type BinaryExpr,
  type Buffer,
  bitsOfStorage,
  type Expr,
  type Kernel,
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

/** A kernel as a C function, whose text does not depend on which buffers it is called with. */
export interface KernelText {
  /** Parameters and body, without the name: equal for kernels that one function can be. */
  readonly text: string;
  /** What is passed, in the order of the parameters. Buffers that lie at one place are one parameter. */
  readonly buffers: readonly Buffer[];
  /** Names of helpers that are called. */
  readonly helpers: ReadonlySet<string>;
}

/** @param placeOf what two buffers share if they lie in the same place. */
export function kernelText({ body }: Kernel, placeOf: (buffer: Buffer) => unknown): KernelText {
  return new KernelPrinter(placeOf).print(body);
}

interface Parameter {
  readonly buffer: Buffer;
  readonly name: string;
  written: boolean;
}

class KernelPrinter {
  readonly #placeOf: (buffer: Buffer) => unknown;
  readonly #parameters = new Map<unknown, Parameter>();
  readonly #names = new Map<number, string>();
  readonly #taken = new Map<string, number>();
  readonly #helpers = new Set<string>();

  constructor(placeOf: (buffer: Buffer) => unknown) {
    this.#placeOf = placeOf;
  }

  print(body: readonly Statement[]): KernelText {
    const lines = this.#block(body, 1);
    const parameters = [...this.#parameters.values()].map(
      ({ buffer, name, written }) => `${written ? '' : 'const '}${typeName(buffer.type)} *restrict ${name}`,
    );
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
        const [from, to] = [this.#expr(statement.from), this.#expr(statement.to)];
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
        return line(`${typeName(statement.variable.type)} ${this.#nameOf(statement.variable)} = ${bare(this.#expr(statement.value))};`);
      case 'registers':
        return line(`${typeName(statement.registers.type)} ${this.#nameOf(statement.registers)}[${statement.registers.size}];`);
      case 'assign':
        return line(`${this.#nameOf(statement.variable)} = ${bare(this.#expr(statement.value))};`);
      case 'set':
        return line(`${this.#nameOf(statement.registers)}[${bare(this.#expr(statement.index))}] = ${bare(this.#expr(statement.value))};`);
      case 'store': {
        const parameter = this.#parameter(statement.buffer);
        parameter.written = true;
        const value = this.#expr(statement.value);
        const bits = bitsOfStorage(statement.buffer.type);
        if (bits < 8) return line(`${this.#call(`store_${bits}`, [parameter.name, this.#expr(statement.index), value])};`);
        return line(`${parameter.name}[${bare(this.#expr(statement.index))}] = ${this.#stored(statement.buffer.type, value)};`);
      }
      case 'if': {
        const lines = [...line(`if (${bare(this.#expr(statement.condition))}) {`), ...this.#block(statement.yes, depth + 1)];
        if (!statement.no) return [...lines, ...line('}')];
        return [...lines, ...line('} else {'), ...this.#block(statement.no, depth + 1), ...line('}')];
      }
    }
  }

  #stored(type: StorageType, value: string): string {
    return scalarOf(type) === type ? bare(value) : `(${typeName(type)})${value}`;
  }

  /** An expression that may stand as an operand: in brackets where it has to be. */
  #expr(expr: Expr): string {
    switch (expr.kind) {
      case 'number':
        return bracketed(literal(expr.value, expr.type));
      case 'variable':
        return this.#nameOf(expr.variable);
      case 'sum':
        return `(${this.#sum(expr.terms, expr.constant)})`;
      case 'load':
        return this.#load(expr.buffer, bare(this.#expr(expr.index)), expr.type);
      case 'register':
        return `${this.#nameOf(expr.registers)}[${bare(this.#expr(expr.index))}]`;
      case 'select':
        return `(${this.#expr(expr.condition)} ? ${this.#expr(expr.yes)} : ${this.#expr(expr.no)})`;
      case 'cast':
        return `(${typeName(expr.type)})${this.#expr(expr.of)}`;
      case 'binary':
        return this.#binary(expr);
      case 'unary':
        return this.#unary(expr);
    }
  }

  #sum(terms: readonly { readonly of: Expr; readonly factor: number }[], constant: number): string {
    const parts = terms.map(({ of, factor }) => {
      const text = this.#expr(of);
      const size = Math.abs(factor);
      return { minus: factor < 0, text: size === 1 ? text : `${text} * ${size}` };
    });
    if (constant !== 0) parts.push({ minus: constant < 0, text: String(Math.abs(constant)) });
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
    this.#helpers.add(helper);
    return `${helper}(${given.map(bare).join(', ')})`;
  }

  #binary({ op, left, right }: BinaryExpr): string {
    const [a, b] = [this.#expr(left), this.#expr(right)];
    const { type } = left;
    if (op === 'min' || op === 'max') return this.#call(`${op}_${type}`, [a, b]);
    const math = mathFunctions[op];
    if (math) return `${math}${type === 'f32' ? 'f' : ''}(${bare(a)}, ${bare(b)})`;
    return `(${a} ${operators[op]} ${b})`;
  }

  #unary({ op, of }: UnaryExpr): string {
    const a = this.#expr(of);
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

const operators: Readonly<Record<string, string>> = {
  add: '+',
  sub: '-',
  mul: '*',
  div: '/',
  mod: '%',
  and: '&',
  or: '|',
  xor: '^',
  shl: '<<',
  shr: '>>',
  eq: '==',
  ne: '!=',
  lt: '<',
  le: '<=',
  gt: '>',
  ge: '>=',
};

/** Without the brackets around the whole. */
function bare(text: string): string {
  if (!text.startsWith('(') || !text.endsWith(')')) return text;
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '(') depth++;
    else if (text[i] === ')' && --depth === 0 && i < text.length - 1) return text;
  }
  return text.slice(1, -1);
}

/** A negative number in brackets: it stands behind operators. */
function bracketed(text: string): string {
  return text.startsWith('-') ? `(${text})` : text;
}
