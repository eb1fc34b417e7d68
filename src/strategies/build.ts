import { z } from 'zod';
import { architecture } from '../architectures/index.js';
import { OptionError } from '../base/index.js';
import { type Model, staticShape } from '../onnx/index.js';
import type { Technique } from '../technique/index.js';

const schema = z.strictObject({
  architecture: z.string().describe('Name of the family.'),
  width: z.number().positive().default(1).describe('Channels, relative to the family as published.'),
  depth: z.number().positive().default(1).describe('Blocks per stage, relative.'),
  resolution: z.int().positive().optional().describe("Side of the input image in pixels. Default: the data's."),
});

/** Of gray and of colour images. */
const CHANNELS = [1, 3];

/** A fresh model of a family, untrained, with the inputs, outputs and metadata of the model that it stands in for. */
export const build: Technique<z.infer<typeof schema>> = {
  name: 'build',
  effects: ['grow', 'shrink'],
  isTransient: true,
  summary: 'Makes a fresh model of an architecture, larger or smaller than the one before.',
  schema,
  space: () => ({ width: { type: 'float', low: 0.25, high: 4, log: true } }),
  apply: async ({ model, task, seed }, options) => {
    if (task.width === undefined) throw new OptionError({ what: 'No architecture could stand in for this task', got: task.title });
    const built = architecture(options.architecture).build({ ...options, input: imageShape(model), classes: task.width, seed });
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

/** Shape of the images that a model takes, channels first. @throws OptionError where it takes something else. */
export function imageShape({ graph }: Model): [number, number, number] {
  const [first, ...others] = graph.feeds;
  const sample = staticShape(first?.shape?.slice(1));
  if (others.length === 0 && sample?.length === 3 && CHANNELS.includes(sample[0])) return sample as [number, number, number];
  throw new OptionError({
    what: 'The architectures are for images, channels first',
    expected: 'a single input [N, channels, height, width] of 1 or 3 channels and a known size',
    got: graph.feeds
      .map(({ name, shape }) => `"${name}" [${shape?.map((dim) => (typeof dim === 'number' ? dim : '?')) ?? '?'}]`)
      .join(', '),
  });
}
