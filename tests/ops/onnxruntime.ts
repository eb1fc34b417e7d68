import { type DataType, encodeModel, Graph, type GraphBuilder, Model, Tensor, type TypedArray } from 'espalier/onnx';
import { typedBuilder } from 'espalier/ops';
import * as ort from 'onnxruntime-node';

/** A builder that types every value. */
export function builder(opset = 22): GraphBuilder {
  return typedBuilder(new Graph(), new Map([['', opset]]));
}

/** Runs a builder's graph once in ONNX Runtime, feeding its inputs by name. */
export async function run({ graph }: GraphBuilder, feeds: Readonly<Record<string, Tensor>>, opset = 22): Promise<Record<string, Tensor>> {
  return runModel(encodeModel(new Model(graph, opset)), feeds);
}

/** Runs a serialized model once in ONNX Runtime. */
export async function runModel(model: Uint8Array, feeds: Readonly<Record<string, Tensor>>): Promise<Record<string, Tensor>> {
  const session = await ort.InferenceSession.create(model, { logSeverityLevel: 4, intraOpNumThreads: 1 });
  const given = Object.fromEntries(session.inputNames.filter((name) => feeds[name]).map((name) => [name, toRuntime(feeds[name])]));
  const results = await session.run(given);
  await session.release();
  return Object.fromEntries(Object.entries(results).map(([name, tensor]) => [name, fromRuntime(tensor)]));
}

function toRuntime(tensor: Tensor): ort.Tensor {
  return new ort.Tensor(tensor.dtype as 'float32', tensor.data().slice() as Float32Array, tensor.shape);
}

function fromRuntime(tensor: ort.Tensor): Tensor {
  return Tensor.of(tensor.type as DataType, tensor.dims, tensor.data as TypedArray);
}
