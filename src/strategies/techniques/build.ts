import { z } from 'zod';
import { architecture } from '../../architectures/index.js';
import type { Model } from '../../onnx/index.js';
import { short, type TaskContext, type Technique, unless } from '../../technique/index.js';
import { standInRequest } from './stand-in.js';

const schema = z.strictObject({
  architecture: z.string().describe('Name of the family.'),
  width: z.number().positive().default(1).describe('Channels, relative to the family as published.'),
  depth: z.number().positive().default(1).describe('Blocks per stage, relative.'),
  resolution: z.int().positive().optional().describe("Side of the input image in pixels. Default: the data's."),
  kernel: z.int().positive().optional().describe('Side of the kernels that look around them, an odd number. Default: 3.'),
  binning: z.int().positive().optional().describe('Squares of so many pixels a side are averaged to one first. Default: 1.'),
  block: z.string().optional().describe("One of the family's kinds of block. Default: the published one."),
});

/** A fresh model of a family, untrained, with the inputs, outputs and metadata of the model that it stands in for. */
export const build: Technique<z.infer<typeof schema>, TaskContext> = {
  name: 'build',
  source: 'Tan and Le 2019, "EfficientNet", ICML, arXiv 1905.11946 (width, depth and resolution); each architecture cites its own',
  effects: ['grow', 'shrink'],
  order: 'build',
  isTransient: true,
  summary: 'Makes a fresh model of an architecture, larger or smaller than the one before.',
  schema,
  needs: { data: true },
  example: { architecture: 'survey-cnn', width: 0.5 },
  label: ({ architecture, width, depth, resolution, kernel, binning, block }) => [
    architecture,
    ...unless(1, width, `${short(width)}x`),
    ...unless(1, depth, `depth ${short(depth)}x`),
    ...unless(undefined, resolution, `${resolution} px`),
    ...unless(undefined, block, block),
    ...unless(undefined, kernel, `${kernel}×${kernel}`),
    ...unless(undefined, binning, `binned ${binning}×${binning}`),
  ],
  space: () => ({ width: { type: 'float', low: 0.25, high: 4, log: true } }),
  apply: async ({ model, task, seed }, options) => {
    const built = architecture(options.architecture).build({ ...options, ...standInRequest(model, task), seed });
    for (const [key, value] of model.metadata) built.metadata.set(key, value);
    standIn(built, model.graph.feeds[0].name, task.outputs[0]);
    return { model: built, notes: {} };
  },
};

/** Gives the only input and output of a model other names. */
function standIn({ graph }: Model, input: string, output: string): void {
  const faces = [graph.inputs[0], graph.outputs[0]];
  faces.forEach((face, index) => {
    const name = [input, output][index];
    if (face.name === name) return;
    for (const value of graph.values()) if (value.name === name) value.name = graph.freshName(name);
    face.name = name;
  });
}
