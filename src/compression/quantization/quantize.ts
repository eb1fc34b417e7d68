import { z } from 'zod';
import { namesText, OptionError } from '../../base/index.js';
import { type AnyMetric, hiddenChange, isWithin } from '../../metrics/index.js';
import { isQuantized } from '../../ops/index.js';
import {
  type TaskContext,
  type Technique,
  type TechniqueContext,
  type TechniqueNotes,
  type TechniqueResult,
  type Usual,
  unless,
  withTask,
} from '../../technique/index.js';
import type { Trials } from '../../training/index.js';
import { applyFewBits, type FewBitsOptions } from './few-bits/apply.js';
import { looksAtData, ROUNDINGS } from './few-bits/roundings.js';
import { storeHalf } from './half.js';
import { withLearnedRoundings } from './learned-bytes.js';
import { leftRemark } from './left.js';
import { REPAIRS } from './repairs.js';
import { quantizeWithin, type SearchResult } from './search.js';
import { prepareStatic } from './static.js';
import { unseenBy } from './unseen.js';
import { applyWithoutData } from './without-data.js';

const when = z.enum(['auto', 'always', 'never']).default('auto');

const schema = z.strictObject({
  mode: z
    .enum(['static', 'dynamic', 'weights', 'half'])
    .default('static')
    .describe(
      'static: weights and activations by calibration; dynamic: activations as they come; weights: weights only; half: weights as float16, computed with in float32',
    ),
  calibration: z
    .enum(['min-max', 'percentile', 'entropy', 'mse'])
    .default('mse')
    .describe('How the ranges of activations are chosen (static)'),
  percentile: z.number().gt(50).max(100).default(99.99).describe('How much of the values the range holds, in percent (percentile)'),
  samples: z.int().min(1).default(500).describe('At most this many calibration samples (static)'),
  perChannel: z.boolean().default(true).describe('One weight scale for each output channel rather than one for all'),
  weightType: z
    .enum(['int8', 'uint8', 'int4', 'int2'])
    .default('int8')
    .describe('Type of the weights; int4 and int2 with mode weights: in blocks with a scale each; uint8 in static only, int2 not there'),
  method: z
    .enum(['auto', ...ROUNDINGS])
    .default('auto')
    .describe(
      'How weights are rounded to 4 and 2 bits; gptq and adaround look at data; auto: gptq where there is data, else hqq (weights)',
    ),
  steps: z.int().min(1).default(1000).describe('Steps in which adaround learns, for each block of the model (weights, static)'),
  blockSize: z.int().min(16).default(32).describe('Neighbouring weights that share a scale, with 4 and 2 bits: a power of two (weights)'),
  budget: z
    .number()
    .positive()
    .optional()
    .describe('Bytes that the file may have: each layer gets the bits with which the model then loses least, from weightType up (weights)'),
  activationType: z.enum(['uint8', 'int8']).default('uint8').describe('Type of the activations (static)'),
  reduceRange: z
    .union([z.boolean(), z.literal('auto')])
    .default('auto')
    .describe('Weights of 7 bits, for x86 processors without VNNI; auto: where this machine needs it (static)'),
  tolerance: z
    .number()
    .min(0)
    .optional()
    .describe(
      "Largest loss of validation quality before the most sensitive layers are left in float (static). Default: the metric's own, 0.003 for accuracy.",
    ),
  sensitivity: z.boolean().default(true).describe('Measure what each layer alone loses also where nothing is left in float (static)'),
  equalize: when.describe(
    'Move scales between layers (cross-layer equalization); auto: where all quantized loses too much, if it then loses less',
  ),
  smooth: when.describe('Move scales of activations with outlier channels into the layers that read them (SmoothQuant); auto: as equalize'),
  correctBias: when.describe('Let biases take back what rounding the weights shifts; auto: as equalize (static)'),
  exclude: z.array(z.string()).default([]).describe('Nodes to leave in float, by name'),
  operators: z.array(z.string()).optional().describe('Operators that may be quantized; default all that can'),
});

export type QuantizeOptions = z.infer<typeof schema>;

/** Static quantization of everything, whatever it loses. */
const SKETCHED = {
  method: 'auto',
  samples: 50,
  tolerance: Number.MAX_VALUE,
  sensitivity: false,
  equalize: 'never',
  smooth: 'never',
  correctBias: 'never',
} as const;

/** Whether weights are stored in blocks of fewer than 8 bits. */
function isFew({ mode, weightType }: QuantizeOptions): boolean {
  return mode === 'weights' && (weightType === 'int4' || weightType === 'int2');
}

/** Of roundings that are learned, and of those that follow one another: by what they took of a small network, 359 samples and 500 to calibrate with. */
const LEARNED = 300_000;
const FOLLOWING = 80_000;
/** Of calibration, which watches every value, and of measuring each layer alone. */
const CALIBRATED = 4000;

function answers({ mode, method, weightType }: QuantizeOptions, validation: number): number {
  const compared = 4 * validation;
  if (method === 'adaround') return LEARNED + compared;
  if (mode === 'weights' && weightType !== 'int8') return FOLLOWING + compared;
  return mode === 'static' ? CALIBRATED + compared : compared / 2;
}

/** Quantization after training. */
export const quantize: Technique<QuantizeOptions> = {
  name: 'quantize',
  title: 'Quantization',
  source:
    'Jacob et al. 2018, "Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference", CVPR, arXiv 1712.05877; surveyed by Nagel et al. 2021, arXiv 2106.08295; learned rounding (adaround): Nagel et al. 2020, arXiv 2004.10568, by blocks as Li et al. 2021, arXiv 2102.05426',
  effects: ['shrink'],
  order: 'quantize',
  summary: 'Writes weights, and activations where asked, as integers of 8 bits or fewer; layers that lose too much keep more.',
  schema: schema as unknown as z.ZodType<QuantizeOptions>,
  needs: { data: ({ mode, method }) => mode === 'static' || (mode === 'weights' && looksAtData(method)), runtime: true, answers },
  example: { mode: 'dynamic' },
  label: ({ mode, calibration, method, weightType = 'int8' }) => [
    mode === 'half' ? 'float16 weights' : mode === 'dynamic' ? 'int8' : weightType,
    ...(mode === 'half' ? [] : unless('static', mode, mode)),
    ...(mode === 'static' ? unless('min-max', calibration, calibration) : []),
    ...(mode === 'weights' ? unless('auto', method, method) : []),
  ],
  space: (_model, _task, { trainable, sizeOnly }) => ({
    // Weights of few bits are computed with in floats: they make files smaller and nothing quicker.
    mode: { type: 'categorical', choices: ['static', 'dynamic', ...(sizeOnly ? ['weights'] : [])] },
    ...(sizeOnly && {
      weightType: { type: 'categorical', choices: ['int8', 'int4'], when: { mode: 'weights' } },
      method: { type: 'categorical', choices: ['gptq', 'adaround'], when: { weightType: 'int4' } },
    }),
    calibration: { type: 'categorical', choices: ['min-max', 'percentile', 'entropy', 'mse'], when: { mode: 'static' } },
    // Where nothing can be tuned, what is left in float is all that may win quality back.
    ...(!trainable && { tolerance: { type: 'categorical', choices: [0.001, 0.005, 0.02], when: { mode: 'static' } } }),
  }),
  usual: (_model, _task, { trainable, sizeOnly }) => {
    const calibrated = { mode: 'static', ...(!trainable && { tolerance: 0.005 }) };
    const methods = sizeOnly ? ['gptq', 'adaround'] : [];
    const few = methods.map((method): Usual => ({ point: { mode: 'weights', weightType: 'int4', method } }));
    return [
      { point: { ...calibrated, calibration: 'min-max' } },
      ...few,
      { point: { mode: 'dynamic' }, late: true },
      // Mostly the same model but for its scales.
      { point: { ...calibrated, calibration: 'mse' }, late: true },
    ];
  },
  sketch: (options) => (options.mode === 'static' ? { ...options, ...SKETCHED } : { ...options, method: 'auto' }),
  apply: async (context, options) => {
    if (options.mode === 'half') return applyHalf(context, options);
    checkBudget(options);
    const made = await applyIntegers(context, options);
    return isQuantized(context.model) ? requantized(made) : made;
  },
};

/** @throws OptionError for what fits no mode. */
function checkBudget(options: QuantizeOptions): void {
  if (options.budget !== undefined && !isFew(options))
    throw new OptionError({ what: 'A budget is for weights of fewer than 8 bits', fix: 'Take the mode "weights" with int4 or int2.' });
}

const REQUANTIZED = 'The model was quantized already: its integers were turned into floats first. Quantizing the original loses less.';

function requantized(made: TechniqueResult): TechniqueResult {
  const { notes, mended } = made;
  const better = mended && (async (trials: Trials) => mended(trials).then((found) => found && requantized(found)));
  return { ...made, notes: { ...notes, remarks: [REQUANTIZED, ...(notes.remarks ?? [])] }, ...(better && { mended: better }) };
}

function applyIntegers(context: TechniqueContext, options: QuantizeOptions): Promise<TechniqueResult> {
  if (isFew(options)) return applyFewBits(context, options as QuantizeOptions & FewBitsOptions);
  return options.mode === 'static'
    ? applyStatic(withTask(context, 'Static quantization, which is calibrated,'), options)
    : applyWithoutData(context, { ...options, mode: options.mode === 'dynamic' ? 'dynamic' : 'weights' });
}

async function applyStatic(context: TaskContext, options: QuantizeOptions): Promise<TechniqueResult> {
  const { model, task, runtime, threads, signal, onProgress } = context;
  const { equalize, smooth, correctBias, weightType, ...rest } = options;
  if (weightType === 'int2')
    throw new OptionError({
      what: 'No runtime computes with weights of 2 bits and quantized activations',
      fix: 'Take the mode "weights", or quantize-aware-train.',
    });
  const others = { ...rest, weightType };
  const repairs = { equalize, smooth, correctBias };
  const chosen = (when: 'always' | 'auto') => REPAIRS.filter((repair) => repairs[repair] === when);
  const always = Object.fromEntries(chosen('always').map((repair) => [repair, true]));
  const prepared = await prepareStatic(model, task, runtime, { ...others, ...always, threads, signal, onProgress });
  const { tolerance, sensitivity } = options;
  const activity = { threads, signal, onProgress };
  const result = await quantizeWithin({
    prepared,
    task,
    runtime,
    tolerance,
    sensitivity,
    repairs: chosen('auto'),
    options: others,
    ...activity,
  });
  const learned = options.method === 'adaround' ? await withLearnedRoundings(context, result, options) : { result: {}, remarks: [] };
  const final = { ...result, ...learned.result };
  const notes = staticNotes(final, task.metric, tolerance);
  const { remarks: unseen } = await unseenBy(model, context);
  return { model: final.model, notes: { ...notes, remarks: [...(notes.remarks ?? []), ...learned.remarks, ...unseen] } };
}

function staticNotes(result: SearchResult, metric: AnyMetric, tolerance = metric.tolerance): TechniqueNotes {
  const { prepared, plan, restored, before, after, loss, wholeLoss, wholeChange, wholeSqnr } = result;
  const left = new Set(restored);
  const remarks: string[] = [...prepared.repairs];
  if (left.size > 0) {
    const { outputSqnr } = after.details;
    const why =
      wholeChange !== undefined
        ? `all quantized would change ${(100 * wholeChange).toFixed(1)}% of the answers`
        : wholeLoss <= tolerance && wholeSqnr !== undefined && outputSqnr !== undefined
          ? `with all quantized the worst output would have ${wholeSqnr.toFixed(1)} dB SQNR instead of ${outputSqnr.toFixed(1)}`
          : `all quantized would lose ${rounded(wholeLoss)} of ${metric.label} instead of ${rounded(loss)}`;
    const all = new Set([...prepared.plan.layers, ...prepared.plan.stored].map(({ node }) => node));
    remarks.push(`${left.size} of ${all.size} layers compute in float, because ${why}: ${namesText(restored)}.`);
  }
  if (!isWithin(metric, { before: before.value, after: after.value, samples: before.samples }, tolerance))
    remarks.push(`No choice of layers keeps the loss within ${tolerance}: it is ${rounded(loss)}. Quantization-aware training may.`);
  const hidden = hiddenChange(before, after, metric);
  if (hidden) remarks.push(hidden.text);
  const stored = [...new Set(plan.stored.map(({ node }) => node))];
  if (stored.length > 0)
    remarks.push(
      `Only the weights are int8, because there is no integer kernel, it is inside a branch, or integers lose too much: ${namesText(stored)}.`,
    );
  if (prepared.weight.reduceRange)
    remarks.push('Weights use 7 of 8 bits, because 8-bit sums overflow on this processor or it was asked for.');
  return {
    remarks,
    sensitivity: result.sensitivity.map(({ layer, loss: alone }) => ({
      layer,
      loss: alone,
      decision: left.has(layer) ? 'float' : prepared.weight.type,
    })),
    facts: {
      quantizedLayers: plan.layers.length,
      floatLayers: prepared.plan.layers.length - plan.layers.length,
      calibrationSamples: prepared.samples,
      loss,
    },
  };
}

async function applyHalf(context: TechniqueContext, { exclude }: QuantizeOptions): Promise<TechniqueResult> {
  const { model, stored, left } = storeHalf(context.model, new Set(exclude));
  const remark = leftRemark(left);
  return { model, notes: { facts: { halvedWeights: stored }, remarks: remark ? [remark] : [] } };
}

function rounded(loss: number): string {
  return String(Number(loss.toPrecision(2)));
}
