import { z } from 'zod';
import { OptionError, UnsupportedError } from '../../base/index.js';
import { forgetShapes, freeBatch } from '../../infrastructure/compiler/index.js';
import { searchedOn } from '../../modalities/index.js';
import type { GraphBuilder, Model, Value } from '../../onnx/index.js';
import { inferShapes, typedBuilder, upgradeOpset } from '../../ops/index.js';
import type { TaskContext, Technique } from '../../technique/index.js';
import { feedsOf } from '../../training/index.js';

/** The number of axes of a batch of images, and which of them is the width in either layout. */
const AXES = 4;
const WIDTH = { NCHW: 3, NHWC: 2 } as const;
/** Slice and Split take their numbers as here from this opset on; from the other one on, Split must be told into how many parts. */
const OPSET = 13;
const SPLIT_SAYS = 18;
/** Slicing towards the front ends before the first element. */
const BEFORE_ALL = -(2 ** 31);
/** Samples that the outputs are looked at with: a number that is seldom the size of anything else. */
const SAMPLES = 7;

/**
 * Writes a second look at every image into the graph: it sees the image and its mirror image, as two samples of one batch, and its scores are the mean of
 * both. Mistakes that depend on which way an image is turned cancel out. Costs twice the multiply-accumulates and some hundred bytes; only for
 * images that mean the same mirrored (photos, not digits). Any classifier of single images whose outputs are fractions for each sample will do, quantized
 * ones as well. (Krizhevsky et al. 2012 averaged over crops and their reflections; within the graph, whoever runs the file gets it.)
 */
export const flipEnsemble: Technique<Record<string, never>, TaskContext> = {
  name: 'flip-ensemble',
  aliases: ['mirror'],
  title: 'Flip ensemble',
  source: 'Krizhevsky et al. 2012, "ImageNet Classification with Deep Convolutional Neural Networks", NeurIPS, section 4.1',
  effects: ['improve'],
  order: 'ensemble',
  summary: 'Scores every image together with its mirror image, within the graph: better answers for twice the work.',
  schema: z.strictObject({}),
  needs: { data: true, runtime: true },
  label: () => ['mirrored'],
  space: (_model, { splits }, { sizeOnly }) => (sizeOnly && searchedOn(splits.train.inputs[0]).mirrors ? {} : undefined),
  usual: () => [{ point: {}, bold: true }],
  apply: async (context) => {
    const axis = widthAxis(context);
    const model = upgradeOpset(await freeBatch(context.model, context.runtime), OPSET);
    await checkOutputs(model, context);
    const { graph } = model;
    const build = typedBuilder(graph, model.opsets, { prefix: 'mirror' });
    const [image] = graph.feeds;
    const readers = image.uses();
    const mirrored = build.op('Slice', [image, build.ints([-1]), build.ints([BEFORE_ALL]), build.ints([axis]), build.ints([-1])]);
    const both = build.op('Concat', [image, mirrored], { axis: 0 });
    for (const { node, index } of readers) node.setInput(index, both);
    for (const output of graph.outputs.splice(0)) meanOfHalves(build, output, model.opset);
    graph.sort();
    // What is inside has twice as many rows now, and a runtime plans its memory by what a file declares.
    forgetShapes(graph);
    inferShapes(model);
    return { model, notes: {} };
  },
};

/** Of the images that the model takes. @throws OptionError where it takes something else. */
function widthAxis({ model, task }: TaskContext): number {
  const { feeds } = model.graph;
  const layout = task.feeds[0].preprocess.layout;
  if (feeds.length === 1 && task.answers === 'classes' && layout !== 'as-is' && feeds[0].shape?.length === AXES) return WIDTH[layout];
  throw new OptionError({
    what: 'Only a classifier of images can look at them mirrored',
    got: feeds.map(({ name, shape }) => `"${name}" [${shape}], ${layout}`).join(', '),
  });
}

/** @throws UnsupportedError where an output is not a row of fractions for each sample, or is the image itself. */
async function checkOutputs(model: Model, { task, runtime }: TaskContext): Promise<void> {
  const samples = await task.splits.train.read(new Int32Array(SAMPLES));
  const program = await runtime.compile(model, { threads: 1 });
  const found = await program.run(feedsOf(task.feeds, samples)).finally(() => program.dispose());
  for (const { name, producer } of model.graph.outputs) {
    const { dtype, shape } = found[name];
    if (producer && dtype.startsWith('float') && shape[0] === SAMPLES) continue;
    throw new UnsupportedError({
      what: 'Only outputs that are fractions for each sample have a mean over both looks',
      where: `output "${name}"`,
      got: `${dtype} [${shape}] for ${SAMPLES} samples`,
    });
  }
}

/** Puts the mean of the first half of the rows and the second, sample by sample, in the place of an output. */
function meanOfHalves(build: GraphBuilder, output: Value, opset: number): void {
  const { name, type } = output;
  output.name = build.graph.freshName(`${name}_both`);
  const halves = build.node('Split', [output], { axis: 0, ...(opset >= SPLIT_SAYS ? { num_outputs: 2 } : {}) }, { outputs: 2 });
  const mean = build.op('Mul', [build.op('Add', halves), build.scalar(0.5, output.dtype)]);
  mean.name = name;
  mean.type = type;
  build.graph.outputs.push(mean);
}
