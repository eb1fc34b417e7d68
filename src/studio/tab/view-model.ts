import { footprint } from '../../infrastructure/hardware/index.js';
import type { Value } from '../../onnx/index.js';
import { isQuantized } from '../../ops/index.js';
import { type InspectInfo, inspectInfo } from '../../report/info/index.js';
import type { GraphInfo } from '../api/index.js';
import { graphInfo } from '../graph/index.js';
import type { OpenedModel } from './open-model.js';

/** What a model is, for people: plain JSON. */
export interface ModelView {
  name: string;
  format: string;
  info: InspectInfo;
  inputs: Port[];
  outputs: Port[];
  isQuantized: boolean;
  /** Absent for one too large to be drawn. */
  graph?: GraphInfo;
}

export interface Port {
  name: string;
  /** E.g. "float32 N×3×224×224". */
  type: string;
}

/** @throws GraphError where the graph contradicts itself. */
export function viewModel({ name, format, bytes, model }: OpenedModel): ModelView {
  const graph = graphInfo(model, name, bytes);
  return {
    name,
    format,
    info: inspectInfo(footprint(model, { bytes })),
    inputs: model.graph.feeds.map(portOf),
    outputs: model.graph.outputs.map(portOf),
    isQuantized: isQuantized(model),
    ...(graph && { graph }),
  };
}

function portOf({ name, dtype, shape }: Value): Port {
  const sizes = shape?.map((dim) => (typeof dim === 'number' ? dim : dim.text)).join('×');
  return { name, type: [dtype ?? 'no tensor', sizes ?? 'of any shape'].join(' ').trim() };
}
