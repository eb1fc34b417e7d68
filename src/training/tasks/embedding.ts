import { DataError } from '../../base/index.js';
import type { Batch } from '../../data/index.js';
import { type AnyMetric, type Embeddings, metricNamed, metricsOf } from '../../metrics/index.js';
import { isFloat, type Model, type Node, type Value } from '../../onnx/index.js';
import { rowsOf } from '../feeds.js';
import { cosineLoss } from '../losses/embedding.js';
import { meanPower } from '../losses/power.js';
import { followReference } from '../losses/reference.js';
import type { TaskKind } from './kind.js';
import { outputNamed } from './outputs.js';
import { RowCollector } from './rows.js';
import type { Collector, Goal, LossOptions, Outputs } from './task.js';

export interface EmbeddingOptions {
  /** The output that is a vector for each sample. */
  output: string;
  /** The original, whose vectors others are compared with. */
  reference: Model;
  /** The reference as losses embed it. Default: the reference. */
  teacher?: Model;
  /** Classes by which neighbours are right or wrong; none where the data has none. */
  classes: readonly string[];
  /** The metric that leads. Default: retrieval recall@1 where there are classes, else the cosine to the original. */
  metric?: string | AnyMetric;
}

/** A vector for each sample, near to those of samples like it. Losses follow the original's vectors. */
export function embedding(options: EmbeddingOptions): Goal {
  const { output, reference, teacher = reference, classes } = options;
  const { metric = classes.length > 0 ? 'recallAt' : 'cosine' } = options;
  const follow = (other: Model, { loss = 'cosine' }: LossOptions = {}, from?: string) =>
    loss === 'mse' ? followReference([output], other) : cosineLoss(output, other, from);
  return {
    kind: 'embedding',
    title: 'embedding: a vector for each sample',
    outputs: [output],
    parts: classes,
    answers: 'embeddings',
    metric: typeof metric === 'string' ? metricNamed(metric, 'embeddings') : metric,
    metrics: metricsOf('embeddings'),
    reference,
    losses: ['cosine', 'mse'],
    loss: (how) => follow(teacher, how),
    distillation: (other, { teacherOutput } = {}) => follow(other, {}, teacherOutput),
    importanceLoss: () => meanPower([output]),
    targets: () => ({}),
    collect: () => new VectorCollector(output, classes.length > 0),
    // A student's vectors are compared with the original's: its output must have the same name.
    forModel: (model) => embedding({ ...options, output: outputNamed(model, output).name }),
  };
}

/** The only float output of rows, or the one that was named. @throws DataError where there is none. */
export function vectorOutput(model: Model, wanted?: string): string {
  if (wanted !== undefined) return outputNamed(model, wanted).name;
  const rows = model.graph.outputs.filter(isRow);
  if (rows.length === 1) return rows[0].name;
  throw new DataError({
    what: `The model has ${rows.length === 0 ? 'no output' : 'several outputs'} that may be a vector for each sample`,
    where: model.source,
    expected: 'one of floating-point numbers [batch, numbers]',
    got: model.graph.outputs.map((output) => `"${output.name}" [${output.shape ?? '?'}]`).join(', '),
    fix: 'Name the output (--scores)',
  });
}

function isRow({ dtype, shape }: Value): boolean {
  return isFloat(dtype) && shape !== undefined && shape.length >= 2 && shape.slice(2).every((dim) => dim === 1) && shape[1] !== 1;
}

/** Operators that are looked back through for the length of a vector. */
const STEPS = 5;

/** Whether a model's only output is a vector brought to length 1, as no class scores are. */
export function givesUnitVectors({ graph }: Model): boolean {
  const [output, ...others] = graph.outputs;
  const node = output?.producer;
  if (others.length > 0 || !node || !isRow(output)) return false;
  if (node.op === 'LpNormalization') return true;
  return node.op === 'Div' && isLength(node.inputs[1]?.producer, STEPS);
}

function isLength(node: Node | undefined, steps: number): boolean {
  if (!node || steps === 0) return false;
  if (node.op === 'ReduceL2') return true;
  if (node.op === 'Sqrt') return ['ReduceSum', 'ReduceSumSquare', 'Add', 'Max', 'Clip'].includes(node.inputs[0]?.producer?.op ?? '');
  return node.inputs.some((input) => isLength(input?.producer, steps - 1));
}

class VectorCollector implements Collector {
  readonly #output: string;
  readonly #hasClasses: boolean;
  readonly #rows = new RowCollector<Float32Array>(Float32Array);
  readonly #reference = new RowCollector<Float32Array>(Float32Array);
  readonly #labels = new RowCollector<Int32Array>(Int32Array);
  #width = 0;
  #size = 0;

  constructor(output: string, hasClasses: boolean) {
    this.#output = output;
    this.#hasClasses = hasClasses;
  }

  add({ size, targets }: Batch, outputs: Outputs, reference: Outputs = {}): void {
    const [own, wanted] = [rowsOf(outputs[this.#output]), rowsOf(reference[this.#output] ?? outputs[this.#output])];
    if (own.width !== wanted.width)
      throw new DataError({
        what: "The model's vectors are not as long as the original's",
        where: `output "${this.#output}"`,
        expected: String(wanted.width),
        got: String(own.width),
      });
    this.#rows.add(own.rows, own.width, size);
    this.#reference.add(wanted.rows, wanted.width, size);
    if (this.#hasClasses && targets?.kind === 'class') this.#labels.add(targets.values, 1, size);
    this.#width = own.width;
    this.#size += size;
  }

  answers() {
    const predictions: Embeddings = { size: this.#size, width: this.#width, data: this.#rows.join(), reference: this.#reference.join() };
    const targets = this.#hasClasses ? this.#labels.join() : undefined;
    return { kind: 'embeddings' as const, size: this.#size, predictions, targets };
  }
}

export const embeddingKind: TaskKind = {
  name: 'embedding',
  recognize: ({ model, targets }) =>
    targets?.kind === 'class' && givesUnitVectors(model)
      ? 'the data has classes, and the model gives a vector of length 1 for each sample'
      : undefined,
  make: ({ model, targets, options }) =>
    embedding({
      output: vectorOutput(model, options.output),
      reference: options.reference ?? model,
      classes: targets?.kind === 'class' ? targets.classes : [],
      metric: options.metric,
    }),
};
