import { namesText } from '../../base/index.js';
import { lossBetween } from '../../metrics/index.js';
import type { Model } from '../../onnx/index.js';
import { type TechniqueContext, type TechniqueNotes, type TechniqueResult, withTask } from '../../technique/index.js';
import { evaluate, FOLLOWS, type Quality, type Task, type Trials, trialsOf } from '../../training/index.js';
import { type WithoutDataOptions, type WithoutDataResult, writeDynamic, writeStored } from './dynamic.js';
import type { Rounding } from './few-bits/roundings.js';
import { learnedWeights } from './learned-bytes.js';
import { leftRemark } from './left.js';
import { type Mended, mend } from './mending/mend.js';
import { movesOf, planMoved, remarksOfMoves, type When } from './moved.js';
import { unseenBy } from './unseen.js';

export interface WithoutRangesOptions extends WithoutDataOptions {
  mode: 'dynamic' | 'weights';
  equalize: When;
  smooth: When;
  tolerance?: number;
  /** How weights are rounded; 'adaround' learns it. */
  method: Rounding | 'auto';
  samples: number;
  steps: number;
}

/** Samples on which layers are chosen where there is data. */
const SAMPLES = 16;

/**
 * Quantizes without ranges that were fixed beforehand: activations as they come, or weights alone. Where that loses too much, scales move and layers stay in float:
 * at once where there is data to see it, else once somebody asks for it; see `TechniqueResult.mended`.
 */
export async function applyWithoutData(context: TechniqueContext, options: WithoutRangesOptions): Promise<TechniqueResult> {
  const { model, task } = context;
  const plain =
    options.mode === 'weights' && options.method === 'adaround' ? await learned(context, options) : await written(context, options);
  const mended = async (trials: Trials) => {
    const found = await mend({ ...context, mode: options.mode, trials, options, moves: movesOf(options) });
    return found && { model: found.model, notes: notesOf(found, remarksOf(found), factsOf(found)) };
  };
  if (!task || task.splits.validation.size === 0 || task.splits.calibration.size === 0) return { ...plain, mended };
  return judged({ context: { ...context, task }, options, plain, mended: () => mended(trialsOf(model, task, SAMPLES)) });
}

async function written({ model, runtime }: TechniqueContext, options: WithoutRangesOptions): Promise<TechniqueResult> {
  const planned = await planMoved(model, runtime, options, movesOf(options).always);
  const made = (options.mode === 'dynamic' ? writeDynamic : writeStored)(planned, options);
  return { model: made.model, notes: notesOf(made, remarksOfMoves(planned.places)) };
}

async function learned(context: TechniqueContext, options: WithoutRangesOptions): Promise<TechniqueResult> {
  const made = await learnedWeights(withTask(context, 'Learning how to round'), options);
  return { model: made.model, notes: notesOf(made, made.remarks) };
}

interface Judged {
  context: TechniqueContext & { task: Task };
  options: WithoutRangesOptions;
  plain: TechniqueResult;
  mended: () => Promise<TechniqueResult | undefined>;
}

/** The better one on the validation part, where the plain one loses too much there. */
async function judged({ context, options, plain, mended }: Judged): Promise<TechniqueResult> {
  const { model, task, runtime, threads, signal } = context;
  const { metric } = task;
  const quality = (of: Model) => evaluate(of, task, runtime, { threads, signal });
  const before = await quality(model);
  const lossOf = ({ value }: Quality) => lossBetween(metric, before.value, value);
  const tolerance = options.tolerance ?? metric.tolerance;
  const first = await quality(plain.model);
  const isNoisy = (first.details.outputSqnr ?? FOLLOWS) < FOLLOWS;
  const other = lossOf(first) > tolerance || isNoisy ? await mended() : undefined;
  const second = other && (await quality(other.model));
  const isBetter =
    second !== undefined && (lossOf(second) < lossOf(first) || (second.details.outputSqnr ?? 0) > (first.details.outputSqnr ?? 0));
  const { model: chosen, notes } = isBetter && other ? other : plain;
  const loss = lossOf(isBetter ? second : first);
  const { facts } = notes;
  const { remarks: unseen } = await unseenBy(model, context);
  const remarks = [...(notes.remarks ?? []), ...unseen];
  const said = loss > tolerance ? [...remarks, `The loss of quality on the validation part is ${Number(loss.toPrecision(2))}.`] : remarks;
  return { model: chosen, notes: { facts: { ...facts, loss }, remarks: said } };
}

function notesOf({ plan, left }: WithoutDataResult, remarks: readonly string[], facts: TechniqueNotes['facts'] = {}): TechniqueNotes {
  const stays = leftRemark(left);
  return {
    facts: { quantizedLayers: plan.stored.length + plan.tables.length, ...facts },
    remarks: [...remarks, ...(stays ? [stays] : [])],
  };
}

function factsOf({ inFloat, storing, sqnr }: Mended): Record<string, number> {
  return { floatLayers: inFloat.length, storingLayers: storing.length, ...(Number.isFinite(sqnr) && { worstOutput: sqnr }) };
}

function remarksOf({ repairs, inFloat, storing, layers, whole, sqnr, inputs, isRelaxed }: Mended): string[] {
  const why = `because with integers everywhere the worst output would have ${whole.toFixed(1)} dB SQNR on ${inputs}, and has ${sqnr.toFixed(1)} dB so`;
  return [
    ...remarksOfMoves(repairs),
    ...(inFloat.length > 0 ? [`${inFloat.length} of ${layers} layers keep float weights, ${why}: ${namesText(inFloat)}.`] : []),
    ...(storing.length > 0
      ? [`${storing.length} of ${layers} layers store integers and compute in float, ${why}: ${namesText(storing)}.`]
      : []),
    ...(isRelaxed
      ? [
          `The worst output has ${sqnr.toFixed(1)} dB SQNR on ${inputs}; to come closer would leave more than an eighth of the weights in float.`,
        ]
      : []),
  ];
}
