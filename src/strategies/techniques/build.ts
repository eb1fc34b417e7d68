import { z } from 'zod';
import { type ArchitectureRequest, architecture } from '../../architectures/index.js';
import { OptionError } from '../../base/index.js';
import { type Model, staticShape } from '../../onnx/index.js';
import { short, type TaskContext, type Technique, unless } from '../../technique/index.js';
import type { Task } from '../../training/index.js';

const schema = z.strictObject({
  architecture: z.string().describe('Name of the family.'),
  width: z.number().positive().default(1).describe('Channels, relative to the family as published.'),
  depth: z.number().positive().default(1).describe('Blocks per stage, relative.'),
  resolution: z.int().positive().optional().describe("Side of the input image in pixels. Default: the data's."),
});

/** Of gray and of colour images. */
const CHANNELS = [1, 3];

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
  label: ({ architecture, width, depth, resolution }) => [
    architecture,
    ...unless(1, width, `${short(width)}x`),
    ...unless(1, depth, `depth ${short(depth)}x`),
    ...unless(undefined, resolution, `${resolution} px`),
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

/** Kind of the samples that a task's model takes, and of the preparation that makes its input of them. */
export function takenBy(task: Task): { kind: string; prepared?: string } {
  const [{ from, preprocess }] = task.feeds;
  const { kind } = task.splits.train.inputs.find(({ name }) => name === from) ?? task.splits.train.inputs[0];
  return { kind, ...(preprocess.prepare && { prepared: preprocess.prepare.kind }) };
}

/** What an architecture takes and gives to stand in for a model. @throws OptionError where none could. */
export function standInRequest({ graph }: Model, task: Task): Pick<ArchitectureRequest, 'input' | 'classes' | 'numbers' | 'vocabulary'> {
  if (task.width === undefined)
    throw new OptionError({
      what: 'No architecture could stand in for this task',
      expected: 'labels or numbers in the data, and a model with one score for each',
      got: task.title,
    });
  const [first, ...others] = graph.feeds;
  const sample = staticShape(first?.shape?.slice(1));
  const { kind } = takenBy(task);
  const isImage = sample?.length === 3 && CHANNELS.includes(sample[0]);
  if (others.length > 0 || !sample || (kind === 'image' && !isImage)) throw takesAnother(graph, kind);
  const vocabulary = task.feeds[0].preprocess.prepare?.vocabulary;
  return {
    input: sample,
    classes: task.width,
    numbers: task.splits.train.targets?.kind === 'numbers',
    ...(typeof vocabulary === 'number' && { vocabulary }),
  };
}

function takesAnother({ feeds }: Model['graph'], kind: string): OptionError {
  return new OptionError({
    what: kind === 'image' ? 'The architectures are for images, channels first' : 'No architecture could stand in for this model',
    expected:
      kind === 'image'
        ? 'a single input [N, channels, height, width] of 1 or 3 channels and a known size'
        : 'a single input of a known size',
    got: feeds.map(({ name, shape }) => `"${name}" [${shape?.map((dim) => (typeof dim === 'number' ? dim : '?')) ?? '?'}]`).join(', '),
  });
}
