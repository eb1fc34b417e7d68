import type { Kernel, ScalarType } from '../../../codegen/index.js';
import { expressionsOf } from '../../../codegen/index.js';
import { FunctionBody, type FunctionImport, type ModuleBuilder } from '../assembler/index.js';
import type { Functions } from '../kernel/index.js';
import { isMathFunction, mathFunction } from './functions.js';

/** Functions of JavaScript's Math that a module imports where it needs them, with the number of their parameters; `fmod` is its remainder. */
const imported: Readonly<Record<string, number>> = {
  ...{ sin: 1, cos: 1, tan: 1, asin: 1, acos: 1, atan: 1, sinh: 1, cosh: 1, asinh: 1, acosh: 1, atanh: 1, atan2: 2, pow: 2, fmod: 2 },
};
/** Of these the module has its own for 32-bit floats. */
const importedWide: Readonly<Record<string, number>> = { ...imported, exp: 1, log: 1, tanh: 1 };

/** The name of the import for an operation, if there is one. */
function importOf(operation: string, type: ScalarType): string | undefined {
  const table = type === 'f32' ? imported : type === 'f64' ? importedWide : {};
  return Object.hasOwn(table, operation) ? operation : undefined;
}

/** What kernels need of JavaScript's Math. */
export function importsOf(kernels: readonly Kernel[]): FunctionImport[] {
  const names = new Set<string>();
  for (const { body } of kernels) {
    for (const expr of expressionsOf(body)) {
      const type = expr.kind === 'binary' ? expr.left.type : expr.type;
      const name = expr.kind === 'binary' || expr.kind === 'unary' ? importOf(expr.op, type) : undefined;
      if (name) names.add(name);
    }
  }
  return [...names].map((name) => ({
    module: 'Math',
    name,
    parameters: Array.from({ length: importedWide[name] }, () => 'f64' as const),
    results: ['f64'],
  }));
}

/** The functions of a module, each added to it when it is asked for. */
export class FunctionTable implements Functions {
  readonly #imports: readonly string[];
  readonly #module: ModuleBuilder;
  readonly #made = new Map<string, number>();

  constructor(module: ModuleBuilder, imports: readonly FunctionImport[]) {
    this.#module = module;
    this.#imports = imports.map(({ name }) => name);
  }

  scalar(operation: string, type: ScalarType): number | undefined {
    if (type === 'f32' && isMathFunction(operation)) return this.#once(`${operation} f32`, () => mathFunction(operation, false));
    const name = importOf(operation, type);
    if (name && type === 'f64') return this.#imports.indexOf(name);
    if (name) return this.#once(`${operation} f32`, () => narrowed(this.#imports.indexOf(name), imported[name]));
    // 32 bits of an error function are what there is.
    if (operation === 'erf') return this.#once('erf f64', () => widened(this.scalar('erf', 'f32') ?? 0));
    return undefined;
  }

  vector(operation: string): number | undefined {
    return isMathFunction(operation) ? this.#once(`${operation} f32x4`, () => mathFunction(operation, true)) : undefined;
  }

  #once(key: string, make: () => FunctionBody): number {
    const known = this.#made.get(key);
    if (known !== undefined) return known;
    const body = make();
    const index = this.#module.add(body, body.bytes());
    this.#made.set(key, index);
    return index;
  }
}

/** A function of 64-bit floats for 32-bit ones. */
function narrowed(index: number, parameters: number): FunctionBody {
  const body = new FunctionBody(
    Array.from({ length: parameters }, () => 'f32' as const),
    ['f32'],
  );
  for (let each = 0; each < parameters; each++) body.code.get(each).op('f64.promote_f32');
  body.code.op('call', index).op('f32.demote_f64');
  return body;
}

/** A function of a 32-bit float for a 64-bit one. */
function widened(index: number): FunctionBody {
  const body = new FunctionBody(['f64'], ['f64']);
  body.code.get(0).op('f32.demote_f64').op('call', index).op('f64.promote_f32');
  return body;
}
