import type { Program, Runtime } from '../../../infrastructure/runtime/index.js';
import { copiesOf, copyModel, type Model, type Tensor } from '../../../onnx/index.js';
import type { UnitBatch } from './unit-samples.js';

/** How far what a unit makes is from what it should be, by output. */
export interface UnitErrors {
  /** Mean square of the difference. */
  readonly squares: ReadonlyMap<string, number>;
  /** The same over the mean square of what it should be, the mean over the outputs. */
  readonly relative: number;
}

/** Runs a unit with whatever weights it is given. */
export class Judge {
  readonly #program: Program;
  readonly #batches: readonly UnitBatch[];

  private constructor(program: Program, batches: readonly UnitBatch[]) {
    this.#program = program;
    this.#batches = batches;
  }

  static async open(
    unit: Model,
    weights: ReadonlySet<string>,
    batches: readonly UnitBatch[],
    { runtime, ...options }: { runtime: Runtime; threads?: number; signal?: AbortSignal },
  ): Promise<Judge> {
    const model = copyModel(unit);
    const { graph } = model;
    for (const value of [...graph.initializers]) {
      if (!weights.has(value.name)) continue;
      value.initializer = undefined;
      graph.initializers.delete(value);
      graph.inputs.push(value);
    }
    return new Judge(await runtime.compile(model, options), batches);
  }

  /** @param weights in the shapes that they have. */
  async errors(weights: ReadonlyMap<string, Tensor>): Promise<UnitErrors> {
    const sums = new Map<string, { error: number; energy: number; count: number }>();
    for (const { inputs, wanted } of this.#batches) {
      const found = await this.#program.run(copiesOf({ ...inputs, ...Object.fromEntries(weights) }));
      for (const [name, tensor] of Object.entries(wanted)) {
        const sum = sums.get(name) ?? { error: 0, energy: 0, count: 0 };
        sums.set(name, sum);
        const [right, own] = [tensor.toFloat32(), found[name].toFloat32()];
        for (let i = 0; i < right.length; i++) {
          sum.error += (own[i] - right[i]) ** 2;
          sum.energy += right[i] ** 2;
        }
        sum.count += right.length;
      }
    }
    // What is no number is no error of zero.
    const shares = [...sums.values()].map(({ error, energy }) => (error === 0 ? 0 : error / energy));
    return {
      squares: new Map([...sums].map(([name, { error, count }]) => [name, error / count])),
      relative: shares.reduce((sum, share) => sum + share, 0) / Math.max(1, shares.length),
    };
  }

  dispose(): Promise<void> {
    return this.#program.dispose();
  }
}
