import { z } from 'zod';
import { architecture } from '../architectures/index.js';
import { OptionError } from '../base/index.js';
import type { Dim } from '../onnx/index.js';
import type { Technique, TechniqueContext } from '../technique/index.js';

const schema = z.strictObject({
  architecture: z.string().describe('Name of the family.'),
  width: z.number().positive().default(1).describe('Channels, relative to the family as published.'),
  depth: z.number().positive().default(1).describe('Blocks per stage, relative.'),
  resolution: z.int().positive().optional().describe("Side of the input image in pixels. Default: the data's."),
});

/** A fresh model of a family, untrained, with the inputs, outputs and metadata of the model that it stands in for. */
export const build: Technique<z.infer<typeof schema>> = {
  name: 'build',
  effects: ['grow', 'shrink'],
  isTransient: true,
  summary: 'Makes a fresh model of an architecture, larger or smaller than the one before.',
  schema,
  space: () => ({ width: { type: 'float', low: 0.25, high: 4, log: true } }),
  apply: async ({ model, task, seed }, options) => {
    if (task.kind !== 'classification') throw new OptionError({ what: 'An architecture is built for classification', got: task.kind });
    const built = architecture(options.architecture).build({ ...options, input: imageShape(model), classes: task.classes.length, seed });
    for (const [key, value] of model.metadata) built.metadata.set(key, value);
    return { model: built, notes: {} };
  },
};

function imageShape(model: TechniqueContext['model']): [number, number, number] {
  const [, ...sample] = (model.graph.feeds[0]?.shape ?? []) as readonly Dim[];
  if (sample.length === 3 && sample.every((dim) => typeof dim === 'number')) return sample as [number, number, number];
  throw new OptionError({
    what: 'An architecture needs images',
    expected: 'an input [N, channels, height, width]',
    got: `[${model.graph.feeds[0]?.shape ?? '?'}]`,
  });
}
