import { OptionError, Sha256, sizeOf } from '../base/index.js';
import type { Batch, Dataset, InputSpec } from './dataset.js';
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
 * Labelled samples of several sources one after the other. Ragged samples may be longer in one than in another.
 * @param parts at least one. The weights of their own batches, where they have such, are multiplied by theirs.
 * @throws OptionError where they have other inputs or classes than the first, or there is none.
 */
export function concatDatasets(parts: readonly WeightedPart[], name: string): Dataset {
  if (parts.length === 0) throw new OptionError({ what: 'There is nothing to join', where: name });
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
  const inputs = first.inputs.map((spec, i): InputSpec => {
    const longest = Math.max(...parts.map(({ dataset }) => dataset.inputs[i].shape[0]));
    return spec.ragged ? { ...spec, shape: [longest, ...spec.shape.slice(1)] } : spec;
  });
  return {
    name,
    size,
    inputs,
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
        inputs: Object.fromEntries(inputs.map((spec) => [spec.name, interleave(pieces, partOf, spec)])),
        targets: classTargets(
          Int32Array.from(indices, (index) => all[index]),
          targets[0].classes,
        ),
        weights: weightsOf(pieces, partOf, parts),
      };
    },
  };
}

function classesLike(dataset: Dataset, first: Dataset): ClassTargets {
  const shapes = ({ inputs }: Dataset) =>
    JSON.stringify(inputs.map(({ name, type, shape, ragged }) => [name, type, ragged ? ['any length', ...shape.slice(1)] : shape]));
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

/** Rows of several batches in the order in which they were asked for, ragged ones padded to the longest. */
function interleave(pieces: readonly (Batch | undefined)[], partOf: Int32Array, { name, ragged }: InputSpec): DataTensor {
  const tensors = pieces.map((piece) => piece?.inputs[name]);
  const present = tensors.filter((tensor) => tensor !== undefined);
  const [model] = present;
  const longest = Math.max(...present.map(({ shape }) => shape[1]));
  const shape = [partOf.length, ...(ragged ? [longest, ...model.shape.slice(2)] : model.shape.slice(1))];
  const width = sizeOf(shape.slice(1));
  const data = allocate(model.type, partOf.length * width);
  const lengths = new Int32Array(partOf.length);
  for (const [row, { part, place }] of placesOf(partOf, pieces.length).entries()) {
    const tensor = tensors[part] as DataTensor;
    const own = sizeOf(tensor.shape.slice(1));
    data.set(tensor.data.subarray(place * own, (place + 1) * own) as never, row * width);
    lengths[row] = tensor.lengths?.[place] ?? tensor.shape[1];
  }
  return { ...model, shape, data, ...(ragged && { lengths }) };
}

function weightsOf(pieces: readonly (Batch | undefined)[], partOf: Int32Array, parts: readonly WeightedPart[]): Float32Array {
  return Float32Array.from(placesOf(partOf, parts.length), ({ part, place }) => parts[part].weight * (pieces[part]?.weights?.[place] ?? 1));
}

/** Which row of its part's batch each row is. */
function placesOf(partOf: Int32Array, parts: number): { part: number; place: number }[] {
  const next = new Int32Array(parts);
  return Array.from(partOf, (part) => ({ part, place: next[part]++ }));
}
