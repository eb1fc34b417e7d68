import { type Dim, type Model, staticShape } from '../../onnx/index.js';

/** Height and width that a model's first image input is fixed at. */
export function imageSize(model: Model): { width: number; height: number } | undefined {
  const shape = model.graph.feeds[0]?.shape as readonly Dim[] | undefined;
  const sample = staticShape(shape?.slice(1));
  if (sample?.length !== 3) return undefined;
  const [height, width] = sample[0] <= 4 ? sample.slice(1) : sample;
  return { width, height };
}
