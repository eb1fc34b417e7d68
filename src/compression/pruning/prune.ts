import { percent, type Technique, unless } from '../../technique/index.js';
import { tuningSpace, USUAL_TUNING } from '../tuning.js';
import { type PruneOptions, pruneSchema } from './prune-options.js';
import { Pruning, wantsData, wantsGradients } from './pruning.js';

export { epochsPerRound } from './pruning.js';

/** Removes the channels, heads or blocks that matter least, so that the graph physically shrinks, and tunes what is left. */
export const prune: Technique<PruneOptions> = {
  name: 'prune',
  title: 'Structured pruning',
  source:
    'Fang et al. 2023, "DepGraph: Towards Any Structural Pruning", CVPR, arXiv 2301.12900; scores: Lee et al. 2021, ICLR, arXiv 2010.07611; Molchanov et al. 2019, CVPR, arXiv 1906.10771; Theis et al. 2018, arXiv 1801.05787; Liu et al. 2017, ICCV, arXiv 1708.06519; He et al. 2017, ICCV, arXiv 1707.06168; blocks: Men et al. 2024, arXiv 2403.03853',
  effects: ['shrink'],
  order: 'prune',
  summary: 'Removes the channels, heads or blocks that matter least, so that the graph physically shrinks, and tunes what is left.',
  schema: pruneSchema,
  needs: {
    stepCost: 1.6,
    data: (options) => wantsData(options),
    gradients: (options) => wantsGradients(options),
    runtime: (options) => wantsData(options),
  },
  example: { keep: 0.5 },
  label: ({ keep, target, importance, tuning, structure }) => [
    `prune to ${percent(keep)}`,
    ...(structure.includes('blocks') ? ['blocks'] : []),
    ...unless('macs', target, `of ${target}`),
    ...unless('magnitude', importance, importance),
    ...unless('distill', tuning, tuning === 'none' ? 'untuned' : tuning),
  ],
  space: (_model, _task, { trainable }) => ({
    keep: { type: 'float', low: 0.1, high: 0.9, step: 0.1 },
    importance: { type: 'categorical', choices: trainable ? ['magnitude', 'taylor', 'reconstruction'] : ['magnitude', 'reconstruction'] },
    ...tuningSpace(trainable),
  }),
  usual: (_model, _task, { trainable }) =>
    trainable
      ? [{ point: { keep: 0.5, ...USUALLY } }, { point: { keep: 0.7, ...USUALLY } }, { point: { keep: 0.3, ...USUALLY }, bold: true }]
      : [{ point: { keep: 0.9, importance: 'magnitude', tuning: 'none' } }],
  sketch: (options) => ({ ...options, tuning: 'none' }),
  apply: async (context, options) => new Pruning(context, options).run(),
};

const USUALLY = { importance: 'magnitude', ...USUAL_TUNING };
