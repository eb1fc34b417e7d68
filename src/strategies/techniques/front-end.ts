import { z } from 'zod';
import { withFrontEnd } from '../../modalities/index.js';
import type { TaskContext, Technique } from '../../technique/index.js';

const schema = z.strictObject({
  operators: z
    .enum(['plain', 'signal'])
    .default('plain')
    .describe('plain: convolutions, which every runtime has; signal: STFT of ONNX, for transforms of a power of two'),
  tables: z
    .enum(['computed', 'stored'])
    .default('computed')
    .describe('computed: when the file is loaded, so that it stays small; stored: in the file, for runtimes that do not fold constants'),
});

/** Builds the front end of a model of sound features into its graph, so that what ships takes sounds; see `withFrontEnd`. The last step of a recipe. */
export const frontEnd: Technique<z.infer<typeof schema>, TaskContext> = {
  name: 'front-end',
  source: 'Davis and Mermelstein 1980, IEEE TASSP 28(4) (features of sounds)',
  effects: ['grow'],
  order: 'package',
  summary: 'Builds the features of sounds into the graph: what ships takes the samples of a sound.',
  schema,
  needs: { data: true },
  label: () => ['front-end'],
  space: () => undefined,
  apply: async ({ model, task }, options) => {
    const [feed] = task.feeds;
    const { model: made, preprocess } = withFrontEnd(model, feed.preprocess, options);
    const feeds = [{ input: made.graph.feeds[0].name, from: feed.from, preprocess }];
    return { model: made, feeds, notes: { facts: { operators: options.operators, tables: options.tables } } };
  },
};
