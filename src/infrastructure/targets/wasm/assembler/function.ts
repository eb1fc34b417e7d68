import { Code, type ValueType, valueTypes } from './code.js';
import { unsigned } from './opcodes.js';

/** A function while it is written. */
export class FunctionBody {
  readonly code = new Code();
  readonly parameters: readonly ValueType[];
  readonly results: readonly ValueType[];
  readonly #locals: ValueType[] = [];

  constructor(parameters: readonly ValueType[], results: readonly ValueType[] = []) {
    this.parameters = parameters;
    this.results = results;
  }

  /** A new local. @returns its index. */
  local(type: ValueType): number {
    this.#locals.push(type);
    return this.parameters.length + this.#locals.length - 1;
  }

  /** Locals and instructions, without their number of bytes. */
  bytes(): number[] {
    const runs: { type: ValueType; count: number }[] = [];
    for (const type of this.#locals) {
      const last = runs.at(-1);
      if (last?.type === type) last.count++;
      else runs.push({ type, count: 1 });
    }
    return [
      ...unsigned(runs.length),
      ...runs.flatMap(({ type, count }) => [...unsigned(count), valueTypes[type]]),
      ...this.code.bytes(),
      0x0b,
    ];
  }
}
