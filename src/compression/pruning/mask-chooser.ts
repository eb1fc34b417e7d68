import { namesText } from '../../base/index.js';
import { Tensor } from '../../onnx/index.js';
import { type TechniqueContext, withTask } from '../../technique/index.js';
import type { WeightMatrix } from '../matrices.js';
import { openCopy } from '../open-copy.js';
import { findMasks, type Ranking, sparsifiable } from './masks.js';
import { EVEN, type InputNorms, inputNorms, maskByRows, matricesOf, type Pattern } from './wanda.js';

export interface ChooserOptions {
  sparsity: number;
  importance: 'magnitude' | 'wanda' | 'sparsegpt';
  pattern: Pattern;
  ranking: Ranking;
  minLayerDensity: number;
}

/** Chooses which weights become zero, once or again and again while they change. */
export class MaskChooser {
  readonly #options: ChooserOptions;
  readonly #matrices: ReadonlyMap<string, WeightMatrix>;
  readonly #norms: InputNorms | undefined;
  /** By name, where they are chosen once and for all: the zeros that sparsegpt made, for which the other weights were changed. */
  readonly fixed?: ReadonlyMap<string, Tensor>;
  /** What it leaves alone, and why: sentences. */
  readonly remarks: readonly string[];

  private constructor(
    options: ChooserOptions,
    matrices: ReadonlyMap<string, WeightMatrix>,
    norms: InputNorms | undefined,
    remarks: readonly string[],
    fixed?: ReadonlyMap<string, Tensor>,
  ) {
    this.#options = options;
    this.#matrices = matrices;
    this.#norms = norms;
    this.remarks = remarks;
    this.fixed = fixed;
  }

  /** @param context with the model as sparsegpt left it, where that is the importance. */
  static async of(context: TechniqueContext, options: ChooserOptions): Promise<MaskChooser> {
    if (options.importance === 'sparsegpt') {
      const fixed = new Map([...sparsifiable(context.model)].map(([name, weight]) => [name, maskOfNonzeros(weight)]));
      return new MaskChooser(options, new Map(), undefined, [], fixed);
    }
    if (!byRows(options)) return new MaskChooser(options, new Map(), undefined, []);
    const model = openCopy(context.model);
    const matrices = matricesOf(model);
    const others = [...sparsifiable(model).keys()].filter((name) => !matrices.has(name));
    const remarks = others.length > 0 ? [`No zeros in what no single product or convolution reads: ${namesText(others)}.`] : [];
    if (options.importance === 'magnitude') return new MaskChooser(options, matrices, undefined, remarks);
    const { task, runtime, threads, signal } = withTask(context, 'Importance by wanda');
    return new MaskChooser(options, matrices, await inputNorms({ model, task, runtime, threads, signal }, matrices), remarks);
  }

  /** The sparsity to come to. */
  get sparsity(): number {
    return this.#options.pattern === '2:4' ? EVEN : this.#options.sparsity;
  }

  /** Masks for weights as they are now, by name. */
  masks(weights: ReadonlyMap<string, Tensor>, sparsity: number): ReadonlyMap<string, Tensor> {
    if (this.fixed) return this.fixed;
    if (!byRows(this.#options)) return findMasks(weights, { ...this.#options, sparsity });
    const dense = findMasks(weights, { ...this.#options, sparsity: 0 });
    for (const [name, weight] of weights) {
      const matrix = this.#matrices.get(name);
      const { pattern } = this.#options;
      if (matrix) dense.set(name, maskByRows(weight, matrix, { sparsity, pattern, norms: this.#norms?.get(name) }));
    }
    return dense;
  }
}

function byRows({ importance, pattern }: ChooserOptions): boolean {
  return importance === 'wanda' || pattern === '2:4';
}

function maskOfNonzeros(weight: Tensor): Tensor {
  return Tensor.of(
    'float32',
    weight.shape,
    weight.toFloat32().map((number) => Number(number !== 0)),
  );
}
