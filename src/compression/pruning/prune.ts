import { z } from 'zod';
import {
  percent as percentage,
  type TaskContext,
  type Technique,
  type TechniqueContext,
  type TechniqueNotes,
  unless,
  withTask,
} from '../../technique/index.js';
import type { EpochRecord, LossBuilder } from '../../training/index.js';
import { tune, tuningLoss, tuningSpace, USUAL_TUNING, untunable } from '../tuning.js';
import { type ChannelOptions, type PrunedChannels, pruneModel } from './channels.js';
import { taylorImportance } from './taylor.js';

const pruneSchema = z.strictObject({
  keep: z.number().gt(0).lt(1).default(0.5).describe('Fraction of the cost that is kept.'),
  target: z
    .enum(['macs', 'parameters', 'bytes'])
    .default('macs')
    .describe('The cost: multiply-accumulates of one run, learned numbers, or bytes of weights.'),
  importance: z
    .enum(['magnitude', 'taylor'])
    .default('magnitude')
    .describe('What counts as mattering: the norm of the weights, or how much the loss would change without them.'),
  rounds: z.int().min(1).max(20).default(3).describe('Prune a bit, tune, prune on: so many times. At most as many as there are epochs.'),
  tuning: z
    .enum(['distill', 'train', 'none'])
    .default('distill')
    .describe("How quality is won back: by the unpruned model's answers and the labels, by the labels alone, or not at all."),
  epochs: z.int().min(0).default(10).describe('Epochs of tuning, all rounds together; half of them, at least, after the last.'),
  learningRate: z.number().positive().default(0.001).describe('Largest learning rate of tuning (Adam, one cycle a round).'),
  minChannels: z.int().min(1).default(4).describe('Fewest channels that a layer keeps.'),
  maxLayerFraction: z.number().gt(0).max(1).default(0.9).describe('Largest fraction of a layer that goes.'),
  multipleOf: z
    .union([z.literal('auto'), z.int().min(1)])
    .default('auto')
    .describe('Layers come in multiples of so many channels, as processors like it; auto: 8 from 64 channels on, 4 from 16 on, else 1.'),
  exclude: z
    .array(z.string())
    .default([])
    .describe('Names of nodes that keep the size of their outputs, and of weights that keep their shapes.'),
  batches: z.int().min(1).default(8).describe('Batches of training data that importance by taylor looks at.'),
});

export type PruneOptions = z.infer<typeof pruneSchema>;

/** Removes the channels that matter least, so that the graph physically shrinks, and tunes what is left. */
export const prune: Technique<PruneOptions> = {
  name: 'prune',
  title: 'Structured pruning',
  source:
    'Fang et al. 2023, "DepGraph: Towards Any Structural Pruning", CVPR, arXiv 2301.12900; scores: Lee et al. 2021, ICLR, arXiv 2010.07611; Molchanov et al. 2019, CVPR, arXiv 1906.10771',
  effects: ['shrink'],
  order: 'prune',
  summary: 'Removes the channels that matter least, so that the graph physically shrinks, and tunes what is left.',
  schema: pruneSchema,
  needs: {
    data: (options) => wantsGradients(options),
    gradients: (options) => wantsGradients(options),
    runtime: (options) => wantsGradients(options),
  },
  example: { keep: 0.5 },
  label: ({ keep, target, importance, tuning }) => [
    `prune to ${percentage(keep)}`,
    ...unless('macs', target, `of ${target}`),
    ...unless('magnitude', importance, importance),
    ...unless('distill', tuning, tuning === 'none' ? 'untuned' : tuning),
  ],
  space: (_model, _task, { trainable }) => ({
    keep: { type: 'float', low: 0.1, high: 0.9, step: 0.1 },
    importance: { type: 'categorical', choices: trainable ? ['magnitude', 'taylor'] : ['magnitude'] },
    ...tuningSpace(trainable),
  }),
  usual: (_model, _task, { trainable }) =>
    trainable
      ? [{ point: { keep: 0.5, ...USUALLY } }, { point: { keep: 0.7, ...USUALLY } }, { point: { keep: 0.3, ...USUALLY }, bold: true }]
      : [{ point: { keep: 0.9, importance: 'magnitude', tuning: 'none' } }],
  apply: async (context, options) => new Pruning(context, options).run(),
};

const USUALLY = { importance: 'magnitude', ...USUAL_TUNING };

function wantsGradients({ importance, tuning, epochs }: PruneOptions): boolean {
  return importance === 'taylor' || (tuning !== 'none' && epochs > 0);
}

class Pruning {
  readonly #context: TechniqueContext;
  readonly #options: PruneOptions;
  readonly #remarks = new Set<string>();
  readonly #history: EpochRecord[] = [];

  constructor(context: TechniqueContext, options: PruneOptions) {
    this.#context = context;
    this.#options = options;
  }

  async run(): Promise<{ model: TechniqueContext['model']; notes: TechniqueNotes }> {
    const { keep, tuning, epochs } = this.#options;
    const obstacle = wantsGradients(this.#options) ? await untunable(this.#taskContext) : undefined;
    if (obstacle) this.#remark(obstacle);
    const tunes = tuning !== 'none' && epochs > 0 && !obstacle;
    const loss = tunes ? await tuningLoss(this.#taskContext, tuning) : undefined;
    const plan = tunes ? epochsPerRound(epochs, this.#options.rounds) : [0];
    let { model } = this.#context;
    let first: PrunedChannels | undefined;
    let last: PrunedChannels | undefined;
    for (const [round, count] of plan.entries()) {
      last = await this.#pruneOnce(model, keep ** ((round + 1) / plan.length), first, !obstacle);
      first ??= last;
      model = count > 0 ? await this.#tune(last.model, round, count, loss) : last.model;
    }
    return { model, notes: this.#notes(first as PrunedChannels, last as PrunedChannels) };
  }

  get #taskContext(): TaskContext {
    return withTask(this.#context, 'Pruning by gradients or with tuning');
  }

  async #pruneOnce(
    model: TechniqueContext['model'],
    keep: number,
    first: PrunedChannels | undefined,
    hasGradients: boolean,
  ): Promise<PrunedChannels> {
    const { target, importance, minChannels, maxLayerFraction, multipleOf, exclude, batches } = this.#options;
    const taylor: ChannelOptions['importance'] = (_, layers) => {
      const { task, runtime, threads, signal, seed } = this.#taskContext;
      return taylorImportance({ model, task, runtime, threads, signal, seed, batches }, layers);
    };
    const pruned = await pruneModel(model, {
      keep,
      of: target,
      minChannels,
      maxLayerFraction,
      multipleOf,
      exclude,
      importance: importance === 'taylor' && hasGradients ? taylor : undefined,
      sizes: first?.sizes,
      from: first?.before,
    });
    for (const remark of pruned.remarks) this.#remark(remark);
    return pruned;
  }

  async #tune(model: TechniqueContext['model'], round: number, epochs: number, loss: LossBuilder | undefined): Promise<typeof model> {
    const { learningRate } = this.#options;
    const tuned = await tune(this.#taskContext, {
      name: `round-${round + 1}`,
      model,
      loss,
      options: { epochs, learningRate, seed: this.#context.seed + round, evaluateEvery: 0 },
    });
    const done = this.#history.length;
    this.#history.push(...tuned.history.map((record) => ({ ...record, epoch: done + record.epoch })));
    return tuned.model;
  }

  #remark(text: string): void {
    if (this.#remarks.has(text)) return;
    this.#remarks.add(text);
    this.#context.onMessage?.({ level: 'warning', text });
  }

  #notes(first: PrunedChannels, last: PrunedChannels): TechniqueNotes {
    const { target, keep } = this.#options;
    const kept = last.after / first.before;
    if (kept > keep + 0.02) {
      this.#remark(`${percent(kept)} of ${target} are left rather than ${percent(keep)}: more could not be removed within the limits.`);
    }
    const [widths, left] = [widthsOf(first.layers, 'before'), widthsOf(last.layers, 'after')];
    const layers = [...widths].map(([name, width]) => `${name} ${left.get(name) ?? 0} of ${width}`);
    return {
      training: this.#history,
      remarks: [...this.#remarks],
      facts: { [`${target} before`]: first.before, [`${target} after`]: last.after, kept, channels: layers.join(', ') },
    };
  }
}

/** Epochs after each round: half of all, shared out, between the rounds, and the rest after the last. No round goes without. */
export function epochsPerRound(epochs: number, rounds: number): number[] {
  const count = Math.min(rounds, epochs);
  const between = count > 1 ? Math.max(1, Math.floor(epochs / 2 / (count - 1))) : 0;
  return Array.from({ length: count }, (_, round) => (round < count - 1 ? between : epochs - between * (count - 1)));
}

/** Channels by the layer's name; parts of a layer that hang together differently count together. */
function widthsOf(layers: PrunedChannels['layers'], which: 'before' | 'after'): Map<string, number> {
  const widths = new Map<string, number>();
  for (const layer of layers) widths.set(layer.name, (widths.get(layer.name) ?? 0) + layer[which]);
  return widths;
}

function percent(fraction: number): string {
  return `${Math.round(fraction * 1000) / 10}%`;
}
