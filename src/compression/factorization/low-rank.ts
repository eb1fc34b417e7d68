import { z } from 'zod';
import { percent, type Technique, type TechniqueContext, type TechniqueResult, unless, withTask } from '../../technique/index.js';
import type { EpochRecord } from '../../training/index.js';
import { openDeepCopy } from '../open-copy.js';
import { withEvenScales } from '../quantization/index.js';
import {
  epochsFor,
  epochsSchema,
  TUNING_RATE,
  tune,
  tunes,
  tuningLoss,
  tuningSpace,
  USUAL_EPOCHS,
  USUAL_TUNING,
  untunable,
} from '../tuning.js';
import { factorizeModel } from './factorize.js';
import { denseLayers, rankWithin } from './layers.js';

const schema = z.strictObject({
  keep: z.number().gt(0).lt(1).default(0.5).describe("Share of each layer's numbers, and of its work, that its two factors may have."),
  energy: z
    .number()
    .gt(0)
    .lt(1)
    .optional()
    .describe("Instead: the least rank that holds this share of a layer's squared norm, where that saves anything. Default: by keep."),
  leastEnergy: z
    .number()
    .min(0)
    .max(1)
    .optional()
    .describe('A layer stays whole where its factors would hold less of its squared norm. Default: 0.5 with tuning, 0.97 without.'),
  tuning: z
    .enum(['distill', 'train', 'none'])
    .default('distill')
    .describe("How quality is won back: by the whole model's answers and the labels, by the labels alone, or not at all."),
  epochs: epochsSchema(USUAL_EPOCHS),
  learningRate: z.number().positive().default(TUNING_RATE).describe('Largest learning rate of tuning (Adam, one cycle).'),
  exclude: z.array(z.string()).default([]).describe('Names of nodes that stay whole.'),
});

export type LowRankOptions = z.infer<typeof schema>;

/** Makes two smaller matrices of each matrix of dense layers and 1×1 convolutions, and tunes what is left; see `factorizeModel`. */
export const lowRank: Technique<LowRankOptions> = {
  name: 'low-rank',
  title: 'Low rank',
  summary: 'Makes two smaller matrices of each matrix of dense layers and 1×1 convolutions, by singular values, and tunes what is left.',
  source: 'Denton et al. 2014, "Exploiting Linear Structure Within Convolutional Networks", NeurIPS, arXiv 1404.0736',
  effects: ['shrink'],
  order: 'factorize',
  schema,
  needs: { data: tunes, gradients: tunes, runtime: tunes, stepCost: 1.4 },
  example: { keep: 0.5 },
  label: ({ keep, energy, tuning }) => [
    energy === undefined ? `rank to ${percent(keep)}` : `rank by ${percent(energy)} energy`,
    ...unless('distill', tuning, tuning === 'none' ? 'untuned' : tuning),
  ],
  space: (model, _task, { trainable }) => {
    const isWorthIt = denseLayers(openDeepCopy(model).graph).some(({ size }) => rankWithin(size, 1) >= 2);
    return isWorthIt ? { keep: { type: 'float', low: 0.2, high: 0.9, step: 0.1 }, ...tuningSpace(trainable) } : undefined;
  },
  usual: (_model, _task, { trainable }) => [{ point: { keep: 0.5, ...(trainable ? USUAL_TUNING : { tuning: 'none' }) }, late: true }],
  sketch: (options) => ({ ...options, tuning: 'none', leastEnergy: leastEnergyOf(options) }),
  apply,
};

/** Shares of the squared norm that tuning can make up for, and that nothing has to: 3 and 15 dB of signal to noise in the weight. */
const LEAST_TUNED = 0.5;
const LEAST_UNTUNED = 0.97;

function leastEnergyOf(options: LowRankOptions): number {
  return options.leastEnergy ?? (tunes(options) ? LEAST_TUNED : LEAST_UNTUNED);
}

async function apply(handed: TechniqueContext, options: LowRankOptions): Promise<TechniqueResult> {
  const { context, remarks: moved } = await withEvenScales(handed);
  const leastEnergy = leastEnergyOf(options);
  const { model, layers, whole } = factorizeModel(context.model, { ...options, leastEnergy });
  const given = tunes(options) ? withTask(context, 'Tuning after factorization') : undefined;
  const obstacle = given && (await untunable(given));
  const { learningRate, tuning } = options;
  const tuned =
    given && !obstacle
      ? await tune(given, {
          name: 'low-rank',
          model,
          loss: await tuningLoss(given, tuning),
          options: { epochs: options.epochs ?? epochsFor(given.task, USUAL_EPOCHS), learningRate, seed: context.seed, evaluateEvery: 0 },
        })
      : { model, history: [] as EpochRecord[] };
  const facts = {
    factorized: layers.length,
    ranks: layers.map(({ node, rank, size }) => `${node} ${rank} of ${Math.min(...size)}`).join(', '),
    energy: Math.min(...layers.map(({ energy }) => energy)),
  };
  const names = whole.map(({ node, energy }) => `${node} (${percent(energy)})`).join(', ');
  const kept =
    whole.length > 0 ? `Whole, because less than ${percent(leastEnergy)} of the squared norm would be held: ${names}.` : undefined;
  const remarks = [...moved, obstacle, kept].filter((text) => text !== undefined);
  for (const text of remarks) context.onMessage?.({ level: 'warning', text });
  return { model: tuned.model, notes: { training: tuned.history, remarks, facts } };
}
