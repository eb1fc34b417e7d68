import { OptionError } from '../base/index.js';
import type { Batch, Dataset } from './dataset.js';
import { Sha256 } from './fingerprint.js';
import { checkIndices } from './memory.js';
import { type ClassTargets, classTargets } from './targets.js';
import { allocate, type DataTensor } from './tensor.js';

/** Samples of one source among those of others. */
export interface WeightedPart {
  dataset: Dataset;
  /** How much each of its samples counts in the loss. */
  weight: number;
}

/**
 * Labelled samples of several sources one after the other.
 * @throws OptionError where they have other inputs or classes than the first.
 */
export function concatDatasets(parts: readonly WeightedPart[], name: string): Dataset {
  const [{ dataset: first }] = parts;
  const targets = parts.map(({ dataset }) => classesLike(dataset, first));
  const starts: number[] = [];
  let size = 0;
  for (const { dataset } of parts) {
    starts.push(size);
    size += dataset.size;
  }
  const hash = new Sha256();
  for (const { dataset, weight } of parts) hash.update(`${dataset.fingerprint} ${weight}\n`);
  const all = new Int32Array(size);
  targets.forEach(({ values }, part) => {
    all.set(values, starts[part]);
  });
  return {
    name,
    size,
    inputs: first.inputs,
    targets: classTargets(all, targets[0].classes),
    fingerprint: hash.hex(),
    async read(indices, signal) {
      checkIndices(indices, size, name);
      const partOf = Int32Array.from(indices, (index) => starts.findLastIndex((start) => index >= start));
      const pieces = await Promise.all(
        parts.map(async ({ dataset }, part) => {
          const own = indices.filter((_, i) => partOf[i] === part).map((index) => index - starts[part]);
          return own.length === 0 ? undefined : dataset.read(own, signal);
        }),
      );
      return {
        size: indices.length,
        indices: indices.slice(),
        inputs: Object.fromEntries(first.inputs.map(({ name: input }) => [input, interleave(pieces, partOf, input)])),
        targets: classTargets(
          Int32Array.from(indices, (index) => all[index]),
          targets[0].classes,
        ),
        weights: Float32Array.from(partOf, (part) => parts[part].weight),
      };
    },
  };
}

function classesLike(dataset: Dataset, first: Dataset): ClassTargets {
  const shapes = ({ inputs }: Dataset) => JSON.stringify(inputs.map(({ name, type, shape }) => [name, type, shape]));
  const [own, wanted] = [dataset.targets, first.targets];
  const isAlike = own?.kind === 'class' && wanted?.kind === 'class' && String(own.classes) === String(wanted.classes);
  if (isAlike && shapes(dataset) === shapes(first)) return own;
  throw new OptionError({
    what: 'The samples do not belong together',
    where: dataset.name,
    expected: `inputs ${shapes(first)} and the classes of ${first.name}`,
    got: shapes(dataset),
    fix: 'Give data of the same kind and size',
  });
}

/** Rows of several batches in the order in which they were asked for. */
function interleave(pieces: readonly (Batch | undefined)[], partOf: Int32Array, input: string): DataTensor {
  const present = pieces.map((piece) => piece?.inputs[input]);
  const model = present.find((tensor) => tensor !== undefined) as DataTensor;
  const width = model.data.length / model.shape[0];
  const data = allocate(model.type, partOf.length * width);
  const next = new Int32Array(pieces.length);
  partOf.forEach((part, row) => {
    const from = next[part]++ * width;
    data.set((present[part] as DataTensor).data.subarray(from, from + width) as never, row * width);
  });
  return { ...model, shape: [partOf.length, ...model.shape.slice(1)], data };
}
