import { EspalierError } from 'espalier/base';
import type { Runtime } from 'espalier/infrastructure/runtime';
import { copyModel, type Model, nodesOf, Tensor, type Value } from 'espalier/onnx';
import { type Lowered, lowerGraph, prepare } from '#dist/infrastructure/codegen/index.js';
import type { Contents, NodeCase } from '../../conformance/node-cases.js';

/** A case as compiled code is to run it. */
export interface CompiledCase {
  readonly name: string;
  readonly lowered: Lowered;
  /** Bytes of the inputs that are left. */
  readonly inputs: readonly Uint8Array[];
  readonly expected: readonly Tensor[];
  /** Which inputs had to become constants of the model. */
  readonly constants: 'none' | 'shapes' | 'all';
}

/** Inputs with at most this many elements may become constants where a case is refused otherwise: shapes, axes, sizes. */
const MAX_CONSTANT = 16;

/** Operators that compute from sizes alone: compiled code holds what they give. */
const GENERATORS = /^(Range|ConstantOfShape|HannWindow|HammingWindow|BlackmanWindow|MelWeightMatrix|EyeLike)$/;

/** Compiles a case. Where it is refused, once more with those inputs as constants that shapes may depend on. @returns why, where it is refused at last. */
export async function compileCase(given: NodeCase, runtime: Runtime): Promise<CompiledCase | string> {
  const tensors = given.inputs.map((each) => (isTensor(each) ? each : undefined));
  if (tensors.includes(undefined) || !given.outputs.every(isTensor)) return 'it has no tensors';
  const generates = nodesOf(given.model.graph).some(({ op }) => GENERATORS.test(op));
  const attempts = [
    { constants: 'none', takes: () => false },
    { constants: 'shapes', takes: (each: Tensor, index: number) => index > 0 && each.size <= MAX_CONSTANT && /^u?int/.test(each.dtype) },
    { constants: 'shapes', takes: (each: Tensor, index: number) => index > 0 && each.size <= MAX_CONSTANT },
    ...(generates ? [{ constants: 'all', takes: () => true } as const] : []),
  ] as const;
  let reason = '';
  for (const { constants, takes } of attempts) {
    const model = copyModel(given.model);
    const values = [...model.graph.inputs];
    values.forEach((value, index) => {
      const tensor = tensors[index] as Tensor;
      if (takes(tensor, index)) makeConstant(model, value, tensor);
      else if (value.type?.kind === 'tensor') value.type = { ...value.type, shape: tensor.shape };
    });
    try {
      const ready = await prepare(model, { runtime });
      const lowered = lowerGraph(ready);
      const names = values.map(({ name }) => name);
      const inputs = lowered.inputs.map(({ name, dtype }) => {
        const tensor = tensors[names.indexOf(name)] as Tensor;
        return (tensor.dtype === dtype ? tensor : Tensor.from(dtype, tensor.shape, tensor.numbers())).bytes();
      });
      return { name: given.name, lowered, inputs, expected: await expectedOf(given, tensors as Tensor[], runtime), constants };
    } catch (error) {
      if (!(error instanceof EspalierError)) return `${(error as Error).stack}`;
      reason = error.message;
    }
  }
  return reason.replaceAll('\n', ' ');
}

/** Makes an input a constant of the model. */
export function makeConstant({ graph }: Model, input: Value, contents: Tensor): void {
  input.initializer = contents;
  graph.inputs.splice(graph.inputs.indexOf(input), 1);
  graph.initializers.add(input);
}

/** What ONNX Runtime gives; what the case says where it does not run it. */
async function expectedOf({ model, outputs }: NodeCase, inputs: readonly Tensor[], runtime: Runtime): Promise<readonly Tensor[]> {
  try {
    const program = await runtime.compile(model);
    try {
      const feeds = Object.fromEntries(model.graph.inputs.map(({ name }, index) => [name, copyOf(inputs[index])]));
      const results = await program.run(feeds);
      return model.graph.outputs.map(({ name }) => results[name]);
    } finally {
      await program.dispose();
    }
  } catch {
    return outputs as readonly Tensor[];
  }
}

/** Runtimes take memory that they are given. */
function copyOf(tensor: Tensor): Tensor {
  return new Tensor(tensor.dtype, tensor.shape, tensor.bytes().slice());
}

function isTensor(contents: Contents): contents is Tensor {
  return contents !== undefined && 'dtype' in contents;
}

/** What is different between outputs; undefined where they agree: integers are equal, floats within `part` of the largest (1e-3 where the case is in 16 bits). */
export function differenceOf(
  { lowered, expected }: Pick<CompiledCase, 'lowered' | 'expected'>,
  got: readonly Uint8Array[],
  part = 1e-4,
): string | undefined {
  for (const [index, port] of lowered.outputs.entries()) {
    const want = expected[index];
    const tensor = new Tensor(port.dtype, port.shape, got[index]);
    if (want.shape.join() !== port.shape.join()) return `output ${index} is [${port.shape}], not [${want.shape}]`;
    const [a, b] = [want.numbers(), tensor.numbers()];
    const largest = a.reduce((most, each) => (Number.isFinite(each) ? Math.max(most, Math.abs(each)) : most), 0);
    const isFloat = /float/.test(want.dtype);
    const tolerance = isFloat ? (want.dtype === 'float16' ? 1e-3 : part) * Math.max(largest, 1e-3) : 0;
    for (const [at, each] of a.entries()) {
      const same =
        Object.is(each, b[at]) || each === b[at] || (Number.isNaN(each) && Number.isNaN(b[at])) || Math.abs(each - b[at]) <= tolerance;
      if (!same) return `output ${index}[${at}] is ${b[at]}, not ${each} (largest ${largest})`;
    }
  }
  return undefined;
}

/** Operators of a case, by name. */
export function operatorsOf(model: Model): string[] {
  const functions = model.functions.flatMap(({ graph }) => nodesOf(graph));
  return [...new Set([...nodesOf(model.graph), ...functions].map(({ op, domain }) => (domain ? `${domain}.${op}` : op)))];
}
