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
import { type Model, type Tensor, viewAs } from '../../onnx/index.js';
import { type InventedOptions, inventedFeeds, inventedShapes } from './invented.js';

/** Samples of a synthetic source, and bytes of them that are kept: they are read many times over. */
const SAMPLES = 100;
const KEPT_BYTES = 2 ** 26;

/**
 * Made-up samples as a data source without targets: they are made when they are read, and as many kept as take little memory.
 * @param options shapes of whole inputs, their first axis counting the samples.
 * @throws OptionError where samples do not lie along the first axis of every input, or an input is of texts.
 */
export function syntheticSource(model: Model, options: Pick<InventedOptions, 'shapes'> & { samples?: number } = {}): DataSource {
  const { samples = SAMPLES, shapes } = options;
  const one = { shapes: singles(inventedShapes(model, { shapes })) };
  const first = inventedFeeds(model, one);
  for (const [name, { dtype, shape }] of Object.entries(first)) {
    if (dtype !== 'string' && shape[0] === 1) continue;
    const what = dtype === 'string' ? 'No texts can be made up as samples' : 'Samples do not lie along the first axis of this input';
    throw new OptionError({ what, where: `input "${name}"`, got: `${dtype} [${shape}]`, fix: 'Give real samples.' });
  }
  const inputs = Object.entries(first).map(([name, { dtype, shape }]) => ({
    name,
    type: dtype as ElementType,
    shape: shape.slice(1),
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
      const tensors = inputs.map(({ name }) => [name, stacked(rows.map((row) => row[name]))] as const);
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
function singles(shapes: Readonly<Record<string, readonly number[]>>): Record<string, readonly number[]> {
  return Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, [1, ...shape.slice(1)]]));
}

function stacked(rows: readonly Tensor[]): DataTensor {
  const [{ dtype, shape }] = rows;
  const bytes = new Uint8Array(rows.reduce((sum, row) => sum + row.byteLength, 0));
  let at = 0;
  for (const row of rows) {
    bytes.set(row.bytes(), at);
    at += row.byteLength;
  }
  const data = viewAs(dtype, bytes) as DataTensor['data'];
  return { type: dtype as ElementType, shape: [rows.length, ...shape.slice(1)], data, kind: 'tensor' };
}
