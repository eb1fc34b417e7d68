import { OptionError, Sha256 } from '../../base/index.js';
import {
  type Batch,
  checkIndices,
  checkSignal,
  type DataSource,
  type Dataset,
  type DataTensor,
  type ElementType,
} from '../../data/index.js';
import { batchAxesOf } from '../../infrastructure/hardware/index.js';
import { type Model, type Tensor, viewAs } from '../../onnx/index.js';
import { type InventedOptions, inventedFeeds, inventedShapes } from './invented.js';

/** Samples of a synthetic source, and bytes of them that are kept: they are read many times over. */
const SAMPLES = 100;
const KEPT_BYTES = 2 ** 26;

/**
 * Made-up samples as a data source without targets: they are made when they are read, and as many kept as take little memory.
 * @param options shapes of whole inputs, their first axis counting the samples, and the attempt of open sizes that `runnableInputs` found.
 * @throws OptionError where an input takes several samples only, or is of texts.
 */
export function syntheticSource(
  model: Model,
  options: Pick<InventedOptions, 'shapes' | 'attempt'> & { samples?: number } = {},
): DataSource {
  const { samples = SAMPLES, shapes, attempt } = options;
  const axes = batchAxesOf(model.graph.feeds) ?? new Map<string, number | null>();
  const axisOf = (name: string) => (axes.has(name) ? (axes.get(name) ?? null) : 0);
  const one = { shapes: singles(inventedShapes(model, { shapes, attempt }), axisOf) };
  const first = inventedFeeds(model, one);
  for (const [name, { dtype, shape }] of Object.entries(first)) {
    const axis = axisOf(name);
    if (dtype !== 'string' && (axis === null || shape[axis] === 1)) continue;
    const what = dtype === 'string' ? 'No texts can be made up as samples' : 'This input takes another number of samples than one';
    throw new OptionError({ what, where: `input "${name}"`, got: `${dtype} [${shape}]`, fix: 'Give real samples.' });
  }
  const inputs = Object.entries(first).map(([name, { dtype, shape }]) => ({
    name,
    type: dtype as ElementType,
    shape: sampleShape(shape, axisOf(name)),
    kind: 'tensor' as const,
  }));
  const row = kept(Math.floor(KEPT_BYTES / Object.values(first).reduce((sum, { byteLength }) => sum + byteLength, 1)), (index) =>
    inventedFeeds(model, { ...one, seed: index + 1 }),
  );
  const train: Dataset = {
    name: 'synthetic',
    size: samples,
    inputs,
    fingerprint: new Sha256().update(JSON.stringify(['synthetic', samples, inputs])).hex(),
    async read(indices, signal): Promise<Batch> {
      checkIndices(indices, samples, 'synthetic');
      checkSignal(signal);
      const rows = [...indices].map(row);
      const tensors = inputs.map(
        ({ name, shape }) =>
          [
            name,
            stacked(
              rows.map((row) => row[name]),
              shape,
            ),
          ] as const,
      );
      return { size: indices.length, indices: indices.slice(), inputs: Object.fromEntries(tensors) };
    },
  };
  return { name: 'synthetic', format: 'made-up samples', train, close: async () => undefined };
}

/** What `make` gives, which is asked once for each of the first `most` that are asked for. */
function kept<T>(most: number, make: (index: number) => T): (index: number) => T {
  const known = new Map<number, T>();
  return (index) => {
    const found = known.get(index) ?? make(index);
    if (known.size < most) known.set(index, found);
    return found;
  };
}

/** One sample of each input. */
function singles(
  shapes: Readonly<Record<string, readonly number[]>>,
  axisOf: (name: string) => number | null,
): Record<string, readonly number[]> {
  const single = (name: string, shape: readonly number[]) => {
    const axis = axisOf(name);
    return axis === null ? shape : shape.with(axis, 1);
  };
  return Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, single(name, shape)]));
}

/** What the data says of a sample: settings are a sample's own there. */
function sampleShape(shape: readonly number[], axis: number | null): readonly number[] {
  return axis === null ? shape : shape.toSpliced(axis, 1);
}

/** Tensors one after the other. @param shape of a sample. @param count of all samples. Default: one in each tensor. */
export function stacked(rows: readonly Tensor[], shape: readonly number[], count = rows.length): DataTensor {
  const [{ dtype }] = rows;
  const bytes = new Uint8Array(rows.reduce((sum, row) => sum + row.byteLength, 0));
  let at = 0;
  for (const row of rows) {
    bytes.set(row.bytes(), at);
    at += row.byteLength;
  }
  const data = viewAs(dtype, bytes) as DataTensor['data'];
  return { type: dtype as ElementType, shape: [count, ...shape], data, kind: 'tensor' };
}
