import { GraphError } from '../../base/index.js';
import { ATTEMPTS, inventedShapes } from '../../diagnosis/index.js';
import { type Footprint, footprint } from '../../infrastructure/hardware/index.js';
import type { Model } from '../../onnx/index.js';
import { isQuantized } from '../../ops/index.js';

/** What gains depend on, by the graph alone. Shares are from 0 to 1. */
export interface Features {
  /** Of the file's bytes: floating-point numbers of layers, which are what shrinks. */
  readonly weightShare: number;
  /** Of the weights' bytes: those that recurrent layers read. */
  readonly recurrentShare: number;
  /** Of the multiply-accumulates: those of convolutions. */
  readonly convolutionShare: number;
  /** Decimal logarithms of the multiply-accumulates of one run, and of the file's bytes. */
  readonly macs: number;
  readonly bytes: number;
}

export type FeatureName = keyof Features;

/** A model as advice sees it. */
export interface Seen {
  readonly features: Features;
  readonly bytes: number;
  readonly macs: number;
  /** Most bytes of activations that live at one time. */
  readonly peakBytes: number;
  readonly isQuantized: boolean;
}

const FLOATS = ['float32', 'float64'] as const;
const RECURRENT = new Set(['LSTM', 'GRU', 'RNN']);

/**
 * What is to be seen of a model without running it; open dimensions have likely sizes.
 * @param bytes of its file, and of the weights beside it.
 * @throws GraphError where the graph contradicts itself.
 */
export function seenIn(model: Model, bytes: number): Seen {
  const cost = costOf(model, bytes);
  const weights = cost.layers.reduce((sum, { weightBytes }) => sum + weightBytes, 0);
  const share = (part: number, whole: number) => (whole > 0 ? Math.min(1, part / whole) : 0);
  const sumOf = (name: 'weightBytes' | 'macs', is: (op: string) => boolean) =>
    cost.layers.reduce((sum, layer) => sum + (is(layer.op) ? (layer[name] ?? 0) : 0), 0);
  return {
    bytes,
    macs: cost.macs,
    peakBytes: cost.memory.total,
    isQuantized: isQuantized(model),
    features: {
      weightShare: share(
        FLOATS.reduce((sum, type) => sum + (cost.constants[type]?.bytes ?? 0), 0),
        bytes,
      ),
      recurrentShare: share(
        sumOf('weightBytes', (op) => RECURRENT.has(op)),
        weights,
      ),
      convolutionShare: share(
        sumOf('macs', (op) => op.includes('Conv')),
        cost.macs,
      ),
      macs: Math.log10(Math.max(1, cost.macs)),
      bytes: Math.log10(bytes),
    },
  };
}

/** With the first likely sizes of open dimensions that fit: windows may be larger than what was made up. */
function costOf(model: Model, bytes: number): Footprint {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    try {
      return footprint(model, { bytes, inputShapes: inventedShapes(model, { attempt }) });
    } catch (error) {
      if (!(error instanceof GraphError)) throw error;
    }
  }
  return footprint(model, { bytes });
}
