import { codeOf, copyModel, type Model, nodesOf, tensorType, type Value } from '../../../onnx/index.js';
import { floatOutputs, inferShapes, isHalf, TRAINING_OPSET, upgradeInPlace } from '../../../ops/index.js';
import { passes, simplify } from '../../compiler/index.js';
import type { Runtime } from '../../runtime/index.js';
import { composeInPlace } from './compose.js';
import { moveIntegers } from './moves.js';

/** What a model is compiled for. */
export interface CompileOptions {
  /** Computes what no input changes. */
  readonly runtime: Runtime;
  /** Shapes of inputs, by name. Default: those of the model, with 1 for open dimensions that stand first. */
  readonly shapes?: Readonly<Record<string, readonly number[]>>;
}

/**
 * A copy of a model in the form that is lowered: all shapes known, functions and fused operators written out, 16-bit floats as 32-bit ones, the operators
 * of TRAINING_OPSET, and what needs no input computed.
 */
export async function prepare(source: Model, { runtime, shapes = {} }: CompileOptions): Promise<Model> {
  const sized = copyModel(source);
  for (const input of sized.graph.inputs) {
    if (input.type?.kind !== 'tensor') continue;
    const given = Object.hasOwn(shapes, input.name) ? shapes[input.name] : undefined;
    const shape = given ?? input.type.shape?.map((dim, axis) => (axis === 0 && typeof dim !== 'number' ? 1 : dim));
    input.type = { ...input.type, shape };
  }
  const inputShapes = Object.fromEntries(
    sized.graph.inputs.flatMap(({ name, type }) =>
      type?.kind === 'tensor' && type.shape?.every(isNumber) ? [[name, type.shape.filter(isNumber)]] : [],
    ),
  );
  const plain = passes.reach(sized, [passes.get('unfuse').ensures[0], passes.get('widen').ensures[0]], { runtime });
  const model = plain === sized ? plain : copyModel(plain);
  // Types that a file does not tell are known once they are inferred.
  inferShapes(model, { inputShapes });
  if (isHalf(model)) await passes.get('widen').run(model, { runtime });
  widePorts(model);
  upgradeInPlace(model, TRAINING_OPSET);
  inferShapes(model, { inputShapes });
  composeInPlace(model);
  let simplified = await simplify(model, runtime);
  inferShapes(simplified, { inputShapes });
  // Conditions that have become constant leave one branch, in which more may be constant then.
  const branches = passes.get('take-known-branches');
  while (nodesOf(simplified.graph).some(({ op }) => op === 'If') && (await branches.run(simplified, { runtime })) > 0) {
    inferShapes(simplified, { inputShapes });
    simplified = await simplify(simplified, runtime);
    inferShapes(simplified, { inputShapes });
  }
  moveIntegers(simplified);
  simplified.source = source.source;
  return simplified;
}

/** Inputs and outputs in 16-bit floats become 32-bit ones: no target has the narrow type. */
function widePorts(model: Model): void {
  floatOutputs(model);
  const { graph } = model;
  const isNarrow = ({ dtype }: Value) => dtype === 'float16' || dtype === 'bfloat16';
  for (const { producer } of graph.outputs.filter(isNarrow)) {
    if (producer?.op === 'Cast') producer.attributes.set('to', { type: 'int', value: codeOf('float32') });
  }
  for (const value of [...graph.feeds, ...graph.outputs].filter(isNarrow)) value.type = tensorType('float32', value.shape);
}

const isNumber = (dim: unknown): dim is number => typeof dim === 'number';
