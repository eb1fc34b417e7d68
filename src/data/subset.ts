import type { Dataset } from './dataset.js';
import { Sha256 } from './fingerprint.js';
import { checkIndices } from './memory.js';
import { bytesOf } from './tensor.js';

/**
 * Some samples of a data set, in the given order, without copying any. A view of a view refers to the data set at the bottom.
 * @throws OptionError when an index is outside the data set.
 */
export function subset(dataset: Dataset, indices: Int32Array, name = dataset.name): Dataset {
  checkIndices(indices, dataset.size, dataset.name);
  const bottom = dataset.view?.of ?? dataset;
  const chosen = compose(dataset, indices);
  const { labels } = bottom;
  return {
    name,
    size: chosen.length,
    inputs: bottom.inputs,
    ...(labels && { labels: Int32Array.from(chosen, (index) => labels[index]), classes: bottom.classes }),
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

/** The first `count` samples; all when there are fewer. */
export function firstSamples(dataset: Dataset, count: number): Dataset {
  if (count >= dataset.size) return dataset;
  return subset(
    dataset,
    Int32Array.from({ length: count }, (_, i) => i),
  );
}

function compose(dataset: Dataset, indices: Int32Array): Int32Array {
  const { view } = dataset;
  return view ? Int32Array.from(indices, (index) => view.indices[index]) : indices.slice();
}
