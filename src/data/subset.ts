import { Random, Sha256 } from '../base/index.js';
import type { Dataset } from './dataset.js';
import { checkIndices } from './memory.js';
import { pickTargets, strataOf } from './targets.js';
import { bytesOf } from './tensor.js';

/**
 * Some samples of a data set, in the given order, without copying any. A view of a view refers to the data set at the bottom.
 * @throws OptionError when an index is outside the data set.
 */
export function subset(dataset: Dataset, indices: Int32Array, name = dataset.name): Dataset {
  checkIndices(indices, dataset.size, dataset.name);
  const bottom = dataset.view?.of ?? dataset;
  const chosen = compose(dataset, indices);
  const { targets } = bottom;
  return {
    name,
    size: chosen.length,
    inputs: bottom.inputs,
    ...(targets && { targets: pickTargets(targets, chosen) }),
    fingerprint: new Sha256().update(`${bottom.fingerprint}\n`).update(bytesOf(chosen)).hex(),
    view: { of: bottom, indices: chosen },
    async read(wanted, signal) {
      checkIndices(wanted, chosen.length, name);
      const batch = await bottom.read(
        Int32Array.from(wanted, (index) => chosen[index]),
        signal,
      );
      return { ...batch, indices: wanted.slice() };
    },
  };
}

/**
 * At most `count` samples, in the data set's order, of which every class has its share to within one sample: data sets are often sorted by class,
 * so that their first samples stand for nothing but the first classes. Data without classes is one class. The same seed draws the same.
 */
export function representatives(dataset: Dataset, count: number, seed = 0): Dataset {
  const { size, targets, name } = dataset;
  if (count >= size) return dataset;
  const order = new Random(seed).fork('representatives').permutation(size);
  const strata = strataOf(targets);
  if (strata) order.sort((a, b) => strata[a] - strata[b]);
  const chosen = Int32Array.from({ length: count }, (_, i) => order[Math.floor(((i + 0.5) * size) / count)]);
  return subset(dataset, chosen.sort(), name);
}

function compose(dataset: Dataset, indices: Int32Array): Int32Array {
  const { view } = dataset;
  return view ? Int32Array.from(indices, (index) => view.indices[index]) : indices.slice();
}
