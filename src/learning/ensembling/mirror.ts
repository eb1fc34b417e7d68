import { z } from 'zod';
import { OptionError } from '../../base/index.js';
import { freeBatch } from '../../infrastructure/compiler/index.js';
import type { GraphBuilder, Value } from '../../onnx/index.js';
import { typedBuilder, upgradeOpset } from '../../ops/index.js';
import type { Technique, TechniqueContext } from '../../technique/index.js';

/** The number of axes of a batch of images, and which of them is the width in either layout. */
const AXES = 4;
const WIDTH = { NCHW: 3, NHWC: 2 } as const;
/** Slice and Split take their numbers as here from this opset on; from the other one on, Split must be told into how many parts. */
const OPSET = 13;
const SPLIT_SAYS = 18;
/** Slicing towards the front ends before the first element. */
const BEFORE_ALL = -(2 ** 31);

/**
 * Writes a second look at every image into the graph: it sees the image and its mirror image, as two samples of one batch, and its scores are the mean of
 * both. Mistakes that depend on which way an image is turned cancel out. Costs twice the multiply-accumulates and hardly a byte; only for
 * images that mean the same mirrored (photos, not digits). Any model that takes one image, in any number of samples, will do, quantized ones as well.
 * (Krizhevsky et al. 2012 averaged over crops and their reflections; within the graph, whoever runs the file gets it.)
 */
export const mirror: Technique<Record<string, never>> = {
  name: 'mirror',
  effects: ['improve'],
  summary: 'Scores every image together with its mirror image, within the graph: better answers for twice the work.',
  schema: z.strictObject({}),
  space: () => ({}),
  apply: async (context) => {
    const axis = widthAxis(context);
    const model = upgradeOpset(await freeBatch(context.model, context.runtime), OPSET);
    const { graph } = model;
    const build = typedBuilder(graph, model.opsets, { prefix: 'mirror' });
    const [image] = graph.feeds;
    const readers = image.uses();
    const mirrored = build.op('Slice', [image, build.ints([-1]), build.ints([BEFORE_ALL]), build.ints([axis]), build.ints([-1])]);
    const both = build.op('Concat', [image, mirrored], { axis: 0 });
    for (const { node, index } of readers) node.setInput(index, both);
    for (const output of graph.outputs.splice(0)) meanOfHalves(build, output, model.opset);
    graph.sort();
    return { model, notes: {} };
  },
};

/** Of the images that the model takes. @throws OptionError where it takes something else. */
function widthAxis({ model, task }: TechniqueContext): number {
  const { feeds } = model.graph;
  const layout = task.feeds[0].preprocess.layout;
  if (feeds.length === 1 && task.kind === 'classification' && layout !== 'as-is' && feeds[0].shape?.length === AXES) return WIDTH[layout];
  throw new OptionError({
    what: 'Only a classifier of images can look at them mirrored',
    got: feeds.map(({ name, shape }) => `"${name}" [${shape}], ${layout}`).join(', '),
  });
}

/** Puts the mean of the first half of the rows and the second, sample by sample, in the place of an output. */
function meanOfHalves(build: GraphBuilder, output: Value, opset: number): void {
  const { name, type, dtype } = output;
  if (!dtype?.startsWith('float'))
    throw new OptionError({ what: 'Only numbers with fractions have a mean', where: `output "${name}"`, got: dtype });
  output.name = build.graph.freshName(`${name}_both`);
  const halves = build.node('Split', [output], { axis: 0, ...(opset >= SPLIT_SAYS ? { num_outputs: 2 } : {}) }, { outputs: 2 });
  const mean = build.op('Mul', [build.op('Add', halves), build.scalar(0.5, dtype)]);
  mean.name = name;
  mean.type = type;
  build.graph.outputs.push(mean);
}
