import { decodeModel, type Model } from '../../../onnx/index.js';
import { isQuantized, roundsData } from '../../../ops/index.js';
import type { Tensors } from '../../runtime/index.js';
import { type Agreement, agreementOf } from '../agreement.js';
import type { Language } from '../languages.js';
import type { TargetFacts } from '../target.js';
import { type CompiledProgram, type CompiledRunner, programOf } from './program.js';
import { referenceAnswers } from './reference.js';

/** Inputs, and what the reference answers to them: these outputs are compared. */
export interface Answered {
  readonly feeds: Tensors;
  readonly expected: Tensors;
}

export interface AgreementRequest {
  /** Bytes of the model that was compiled. */
  readonly model: Uint8Array;
  readonly facts: Pick<TargetFacts, 'tolerance'>;
  readonly schedule: Language['schedule'];
  readonly runner: CompiledRunner;
  /** One or more, of the same shapes. */
  readonly answered: readonly Answered[];
  /** Default: the target's own, or 2% where data are integers. */
  readonly tolerance?: number;
  readonly signal?: AbortSignal;
}

/** Of the largest magnitude of an output, what a quantized model may differ by: sums that are rounded otherwise, and what layers behind make of that. */
const QUANTIZED_TOLERANCE = 0.02;
/** What it may differ by where nothing but rounding is different: two units early in a model of 56 convolutions became 4%. */
const ROUNDING_TOLERANCE = 0.1;

/**
 * How a compiled program agrees with ONNX Runtime, which rounds where the model does not say so, or otherwise:
 * - Data in floats that meet weights in integers it rounds to 8 bits (see CompileOptions.floatProducts): where a program differs, it is asked again without.
 * - Sums of integers it scales by 32-bit floats. Code that scales them in integers rounds a sum to the other integer where it lies as near to the middle as
 *   such floats can tell, and deep models spread that. Where such code differs, its kernels are compiled once more, scaled by 32-bit floats: if these
 *   agree as a model in floats has to, nothing but rounding is different.
 * @throws RuntimeError where a program does not run; Stopped when aborted.
 */
export async function compiledAgreement(program: CompiledProgram, request: AgreementRequest): Promise<Agreement> {
  const { facts, schedule, answered, tolerance } = request;
  const model = decodeModel(request.model);
  const most = tolerance ?? toleranceOf(model, facts);
  const found = await worstAgreement(program, answered, most);
  const mayRound = isQuantized(model) && tolerance === undefined && (found.difference ?? 1) <= ROUNDING_TOLERANCE;
  if (found.status === 'agrees' || !mayRound) return found;
  const asWritten = await answeredInFloats(request);
  if (!asWritten) return found;
  const inFloats = await worstAgreement(program, asWritten, most);
  if (inFloats.status === 'agrees') return { ...inFloats, detail: DATA_ROUNDED };
  const isScaled = schedule.requantization !== 'floats' && (await agreesScaledByFloats(model, asWritten, request));
  return isScaled ? { ...inFloats, status: 'agrees', detail: SUMS_ROUNDED } : found;
}

const DATA_ROUNDED =
  'with products of weights in integers computed in floats, as the model says; by default ONNX Runtime rounds data there';
const SUMS_ROUNDED = 'by rounding alone: with sums scaled by 32-bit floats, as ONNX Runtime scales them, the same code gives what it gives';

/** What ONNX Runtime answers where it rounds no data of its own accord; undefined where what is expected is none of its answers. */
async function answeredInFloats({ model, facts, answered, signal }: AgreementRequest): Promise<Answered[] | undefined> {
  const all: Answered[] = [];
  for (const { feeds, expected } of answered) {
    const ask = (floatProducts: boolean) => referenceAnswers(model, feeds, { fetch: Object.keys(expected), signal, floatProducts });
    const answers = [await ask(true), await ask(false)];
    if (!answers.some((each) => agreementOf(expected, each, facts.tolerance).status === 'agrees')) return undefined;
    all.push({ feeds, expected: answers[0] });
  }
  return all;
}

/** Whether the kernels of a model agree where they scale sums by 32-bit floats. */
async function agreesScaledByFloats(
  model: Model,
  answered: readonly Answered[],
  { schedule, runner, facts, signal }: AgreementRequest,
): Promise<boolean> {
  const scaled = await runner.open(await programOf(model, answered[0].feeds, { ...schedule, requantization: 'floats' }), signal);
  if ('absent' in scaled) return false;
  try {
    return (await worstAgreement(scaled, answered, facts.tolerance)).status === 'agrees';
  } finally {
    await scaled.dispose();
  }
}

/** How far a compiled model may be from ONNX Runtime. */
function toleranceOf(model: Model, { tolerance }: Pick<TargetFacts, 'tolerance'>): number {
  return roundsData(model) ? QUANTIZED_TOLERANCE : tolerance;
}

/** The agreement of the inputs on which a program is furthest from what is expected. */
async function worstAgreement(program: CompiledProgram, answered: readonly Answered[], tolerance: number): Promise<Agreement> {
  let worst: Agreement = { status: 'agrees', difference: 0 };
  for (const { feeds, expected } of answered) {
    const each = agreementOf(expected, await program.run(feeds), tolerance);
    if (each.difference === undefined) return each;
    if (each.difference > (worst.difference ?? 0)) worst = each;
  }
  return worst;
}
