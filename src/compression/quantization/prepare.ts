import {
  type CompilerContext,
  cancelledMoves,
  convolvedNormalization,
  foldedAffine,
  foldedConstants,
  foldedNormalization,
  hoistedAbovePools,
  passes,
} from '../../infrastructure/compiler/index.js';
import type { Runtime } from '../../infrastructure/runtime/index.js';
import { type AnyPass, copyModel, deadCode, innerConstantInitializers, type Model, namedNodes, sharedConstants } from '../../onnx/index.js';
import { dequantized, knownTypes, unfused, upgradeTo, widened } from '../../ops/index.js';

/** The first opset whose DequantizeLinear takes one scale for each channel. */
const CHANNEL_OPSET = 13;

export interface PrepareOptions {
  /** Default 13. */
  opset?: number;
  /** Make convolutions of the batch normalizations that no layer takes in. Default true. */
  normalizationToConvolution?: boolean;
}

/**
 * A copy of a float model in the form that is quantized: integers, half precision and what a runtime fused said in plain floats, standard operators at opset 13 or newer, constants and batch normalizations folded,
 * additions and multiplications of constants folded into the layer before, in branches and bodies too, every node named, every value typed where
 * rules tell.
 * @throws UnsupportedError where a model that is quantized already cannot be said in floats.
 */
export async function prepareModel(source: Model, runtime: Runtime, options: PrepareOptions = {}): Promise<Model> {
  const { opset = CHANNEL_OPSET, normalizationToConvolution: convert = true } = options;
  const model = copyModel(source);
  const form: AnyPass<CompilerContext>[] = [widened, dequantized, unfused, upgradeTo(opset), innerConstantInitializers];
  const folding = [foldedConstants, sharedConstants, cancelledMoves, knownTypes, hoistedAbovePools, foldedNormalization, foldedAffine];
  const ending = [...(convert ? [convolvedNormalization] : []), deadCode, knownTypes, namedNodes];
  await passes.applyAsync(model, [...form, ...folding, ...ending], { runtime });
  return model;
}
