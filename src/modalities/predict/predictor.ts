import { type Activity, DataError, lookup, OptionError } from '../../base/index.js';
import { arrayDataset, batches, type Dataset, type ElementType, type InputSpec, type Preprocess, targetsLike } from '../../data/index.js';
import { batchAxesOf } from '../../infrastructure/hardware/index.js';
import type { Runtime } from '../../infrastructure/runtime/index.js';
import type { Model } from '../../onnx/index.js';
import { batchSizeOf, exposed, type Feed, feedsOf } from '../../training/index.js';
import { notedPreprocess, notedTask } from '../notes.js';
import { modalityOf } from '../registry.js';
import { pairInputs } from '../setup/inputs.js';
import { preprocessesFor } from '../setup/ways.js';
import { type NamedAnswer, namedAnswers } from './named.js';

export type { NamedAnswer } from './named.js';

/** What a model says of one sample. */
export interface Prediction {
  /** The surest first; for numbers in the order of the columns. */
  answers: NamedAnswer[];
}

/** A model that answers raw samples. */
export interface Predictor {
  /** What it is for, e.g. "classification, 10 classes". */
  readonly title: string;
  /** Names of its classes, labels or columns. */
  readonly parts: readonly string[];
  /** The data's inputs that it was made for. */
  readonly inputs: readonly InputSpec[];
  /**
   * Answers what a program holds: an ImageData or { data, width, height }, a text, an array of numbers.
   * @throws DataError for what is no sample of the model's kind of data.
   */
  predict(raw: unknown): Promise<Prediction>;
  /** Answers every sample of a data set, in its order. */
  predictAll(dataset: Dataset, activity?: Activity): AsyncGenerator<Prediction, void, undefined>;
  /** Frees the model. */
  dispose(): Promise<void>;
}

export interface PredictorOptions extends Pick<Activity, 'signal'> {
  threads?: number;
  /** How samples become the model's input, for a model whose file does not say. Default: the likeliest way. */
  preprocess?: Preprocess;
}

/** Samples a run, where the model leaves it open. */
const BATCH = 32;

/**
 * Makes a predictor of a model that carries what it is for: those that Espalier writes do. In Node and in a page.
 * @throws OptionError for a model that says nothing of its task.
 */
export async function predictor(model: Model, runtime: Runtime, options: PredictorOptions = {}): Promise<Predictor> {
  const noted = await notedTask(model, runtime);
  if (!noted)
    throw new OptionError({
      what: 'The model does not say what it is for',
      where: model.source,
      fix: 'Write it once with data: espalier apply minify model.onnx --data DIR -o named.onnx keeps its task and preprocessing in the file',
    });
  const { goal, inputs } = noted;
  const { threads, signal } = options;
  const program = await runtime.compile(exposed(model, goal), { threads, signal });
  async function* predictAll(dataset: Dataset, activity: Activity = {}): AsyncGenerator<Prediction, void, undefined> {
    const feeds = feedsFor(model, dataset.inputs, options.preprocess);
    const fixed = batchSizeOf(model, { feeds }, 0);
    for await (const batch of batches(dataset, { batchSize: fixed || BATCH, signal: activity.signal })) {
      const indices = Int32Array.from({ length: fixed || batch.size }, (_, i) => batch.indices[Math.min(i, batch.size - 1)]);
      const full = indices.length > batch.size ? await dataset.read(indices) : batch;
      const outputs = await program.run(feedsOf(feeds, full), goal.outputs);
      const collector = goal.collect();
      collector.add({ ...batch, targets: blank(noted as Noted, batch.size) }, outputs, outputs);
      for (const answers of namedAnswers(collector.answers(), goal.parts)) yield { answers };
    }
  }
  return {
    title: goal.title,
    parts: goal.parts,
    inputs,
    predictAll,
    async predict(raw) {
      for await (const prediction of predictAll(sampleOf(raw, inputs[0]))) return prediction;
      throw new DataError('There is no sample');
    },
    dispose: () => program.dispose(),
  };
}

type Noted = NonNullable<Awaited<ReturnType<typeof notedTask>>>;

/** Targets of the goal's kind that say nothing: answers are read, not judged. */
function blank({ targets }: Noted, size: number) {
  return targets ? targetsLike(targets, size) : undefined;
}

function feedsFor(model: Model, inputs: readonly InputSpec[], given: Preprocess | undefined): Feed[] {
  const noted = notedPreprocess(model, inputs, true);
  const axes = batchAxesOf(model.graph.feeds);
  return pairInputs(model.graph.feeds, inputs, model.source ?? 'the model').map(({ input, spec }) => {
    const shape = (input.shape ?? []).map((dim) => (typeof dim === 'number' ? dim : null));
    const usual = () => preprocessesFor(spec, { name: input.name, shape, type: input.dtype as ElementType | undefined })[0];
    const axis = axes?.get(input.name);
    return {
      input: input.name,
      from: spec.name,
      preprocess: given ?? (noted && lookup(noted, input.name)) ?? usual(),
      ...(axis !== undefined && { axis }),
    };
  });
}

/** One raw sample as a data set. */
function sampleOf(raw: unknown, spec: InputSpec): Dataset {
  const tensor = modalityOf(spec.kind).sample?.(raw, spec);
  if (tensor) return arrayDataset({ name: 'a sample', inputs: { [spec.name]: tensor }, kinds: { [spec.name]: spec } });
  const { label, takes = 'a data set (predictAll)' } = modalityOf(spec.kind);
  throw new DataError({
    what: `This is no sample of ${label}`,
    expected: takes,
    got: raw === null ? 'null' : typeof raw,
  });
}
