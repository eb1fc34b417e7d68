import { type DataType, Tensor, type TypedArray } from 'espalier/onnx';
import * as ort from 'onnxruntime-node';

/** One thread; quantization stays simulated in floats, as the gradient assumes. */
export function openSession(model: Uint8Array<ArrayBuffer>): Promise<ort.InferenceSession> {
  const extra = { session: { disable_quant_qdq: '1' } };
  return ort.InferenceSession.create(model, { intraOpNumThreads: 1, logSeverityLevel: 3, extra });
}

/** Feeds a session its inputs out of `feeds`, which may hold more, and returns all its outputs. */
export async function runSession(session: ort.InferenceSession, feeds: Readonly<Record<string, Tensor>>): Promise<Record<string, Tensor>> {
  const tensors: Record<string, ort.Tensor> = {};
  for (const name of session.inputNames) {
    const { dtype, shape } = feeds[name];
    tensors[name] = new ort.Tensor(dtype as 'float32', feeds[name].data() as Float32Array, shape);
  }
  const results = await session.run(tensors);
  return Object.fromEntries(
    Object.entries(results).map(([name, { type, dims, data }]) => [name, Tensor.of(type as DataType, dims, data as TypedArray)]),
  );
}
