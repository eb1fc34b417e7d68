import { type Activity, attempted } from '../../base/index.js';
import { arrayDataset, type DataSource, type Dataset } from '../../data/index.js';
import { batchAxesOf, footprint } from '../../infrastructure/hardware/index.js';
import type { Runtime } from '../../infrastructure/runtime/index.js';
import { type Model, Tensor } from '../../onnx/index.js';
import { inferenceNormalization } from '../../ops/index.js';
import { distilledInputs } from './distilled.js';
import type { Feeds } from './prove.js';
import { stacked } from './synthetic.js';

export interface DistilledSource {
  /** Undefined where they are no better than what is made up. */
  source?: DataSource;
  /** One sentence: what was done, or why it was not. */
  explanation: string;
}

/** Samples at most, and at least where a model computes much; together in a batch. */
const MOST_SAMPLES = 64;
const FEWEST_SAMPLES = 4;
const TOGETHER = 16;
/** Steps of each batch at most, and at least where a model computes much. */
const MOST_STEPS = 100;
const FEWEST_STEPS = 30;
/** Multiply-accumulates of all samples' steps together that are spent beyond the fewest; a step takes about three times what a run does. */
const WORK = 6e10;
/** Bytes that a batch's activations may take, with their gradients about three times as many. */
const BYTES = 2 ** 25;
/** Samples that the parts of a data source need: fewer are repeated. */
const LEAST = 20;
/** Mean squared distance of the statistics, in deviations, from which inputs do in the model what the training data did; above, they are fitted by what no data does. */
const MET = 0.05;

/**
 * Made-up samples that were changed until they have the statistics that the model's batch normalizations remember of its training data, where the model has such
 * and they can be met.
 * @param made made-up samples to begin with.
 * @returns undefined where the model has no batch normalization.
 */
export async function distilledSource(
  model: Model,
  runtime: Runtime,
  { made, ...activity }: { made: DataSource; threads?: number } & Activity,
): Promise<DistilledSource | undefined> {
  if (!model.graph.nodes.some(inferenceNormalization)) return undefined;
  const axes = batchAxesOf(model.graph.feeds);
  if (!axes || [...axes.values()].some((axis) => axis !== 0))
    return { explanation: `${KEPT}, because samples do not lie along the first axis of its inputs.` };
  const affordable = await batchesOf(model, made.train);
  const found = await attempted(
    () => distilledInputs({ ...activity, ...affordable, model, runtime, hopeless: 1.5 * MET }),
    ({ message }) => message.replace(/\.$/, ''),
  );
  if (found === undefined) return undefined;
  if (typeof found === 'string') return { explanation: `${KEPT}: ${found}.` };
  const { before, after, normalizations, known } = found;
  const distance = `the mean squared distance to those of ${normalizations} normalization(s) went from ${before.toPrecision(2)} to ${after.toPrecision(2)} (in deviations)`;
  if (after <= MET) return given(made, found.batches, `of the model's batch normalizations`, distance);
  const missed = `they could not be met: ${distance}, and ${MET} is the bound`;
  if (known.length === 0) return { explanation: `${KEPT}, because ${missed}.` };
  return given(
    made,
    found.begun(),
    `of the batch normalizations that read inputs as they come (${known.join(', ')})`,
    `all together ${missed}`,
  );
}

function given(made: DataSource, batches: readonly Feeds[], whose: string, why: string): DistilledSource {
  const samples = batches.reduce((sum, batch) => sum + (Object.values(batch)[0]?.shape[0] ?? 0), 0);
  const train = datasetOf(made.train, batches);
  const repeated = train.size > samples ? `, and are repeated to be ${train.size}` : '';
  return {
    source: { name: 'synthetic', format: 'samples distilled from batch normalizations', train, close: async () => undefined },
    explanation: `${samples} made-up samples were given the statistics ${whose}${repeated}: ${why}.`,
  };
}

const KEPT = "Made-up samples were not given the statistics of the model's batch normalizations";

/** The first made-up samples as the model takes them, as many as can be afforded, and the steps that they get. */
async function batchesOf(model: Model, train: Dataset): Promise<{ batches: Feeds[]; steps: number }> {
  const one = Object.fromEntries(train.inputs.map(({ name, shape }) => [name, [1, ...shape.map(Number)]]));
  const { macs, activationBytes } = footprint(model, { bytes: 0, inputShapes: one });
  const fixed = model.graph.feeds.map(({ shape }) => shape?.[0]).find((dim) => typeof dim === 'number');
  const affordable = Math.floor(WORK / Math.max(1, 3 * MOST_STEPS * macs));
  const samples = Math.max(FEWEST_SAMPLES, Math.min(MOST_SAMPLES, train.size, affordable));
  const size =
    typeof fixed === 'number' ? fixed : Math.max(1, Math.min(TOGETHER, samples, Math.floor(BYTES / Math.max(1, activationBytes))));
  const batches: Feeds[] = [];
  for (let start = 0; start < samples; start += size) {
    const { inputs } = await train.read(Int32Array.from({ length: size }, (_, i) => (start + i) % train.size));
    batches.push(Object.fromEntries(Object.entries(inputs).map(([name, { type, shape, data }]) => [name, Tensor.of(type, shape, data)])));
  }
  const all = 3 * macs * size * batches.length;
  return { batches, steps: Math.max(FEWEST_STEPS, Math.min(MOST_STEPS, Math.floor(WORK / Math.max(1, all)))) };
}

function datasetOf({ name, inputs }: Dataset, batches: readonly Feeds[]): Dataset {
  const all = inputs.map((input) => {
    const parts = batches.map((batch) => batch[input.name]);
    const count = parts.reduce((sum, { shape }) => sum + shape[0], 0);
    const times = Math.ceil(LEAST / count);
    const repeated = Array.from({ length: times }, () => parts).flat();
    return [input.name, stacked(repeated, parts[0].shape.slice(1), times * count)] as const;
  });
  return arrayDataset({ name, inputs: Object.fromEntries(all) });
}
