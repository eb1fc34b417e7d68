import { copyModel, type Model } from '../../../onnx/index.js';
import { inferShapes, TRAINING_OPSET, upgradeInPlace } from '../../../ops/index.js';
import { passes, simplify } from '../../compiler/index.js';
import type { Runtime } from '../../runtime/index.js';

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
  upgradeInPlace(model, TRAINING_OPSET);
  inferShapes(model, { inputShapes });
  const simplified = await simplify(model, runtime);
  inferShapes(simplified, { inputShapes });
  simplified.source = source.source;
  return simplified;
}

const isNumber = (dim: unknown): dim is number => typeof dim === 'number';
