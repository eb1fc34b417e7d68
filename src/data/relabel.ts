import { Sha256 } from '../base/index.js';
import type { Dataset } from './dataset.js';
import { type ClassTargets, checkTargets, pickTargets, type Targets, targetBytes } from './targets.js';

/**
 * The same samples with other targets. What it shows is a data set of its own, not a view.
 * @param change gives the targets of any samples from those that they have, each sample by itself.
 * @param how names the change, for the fingerprint.
 */
export function mapTargets(dataset: Dataset, change: (targets: Targets) => Targets, how: string): Dataset {
  const { targets, name, size, inputs, fingerprint } = dataset;
  if (!targets) return dataset;
  return {
    name,
    size,
    inputs,
    targets: change(targets),
    fingerprint: new Sha256().update(`${fingerprint}\n${how}`).hex(),
    async read(indices, signal) {
      const { mixed, targets: own, ...batch } = await dataset.read(indices, signal);
      return { ...batch, ...(own && { targets: change(own) }), ...(mixed && { mixed: { ...mixed, targets: change(mixed.targets) } }) };
    },
  };
}

/** Class targets with their classes in another order; names that are not among the present ones are classes without samples. */
export function reorderClasses({ classes, values }: ClassTargets, order: readonly string[]): ClassTargets {
  const places = classes.map((name) => order.indexOf(name));
  return { kind: 'class', classes: order, values: values.map((label) => places[label]) };
}

/** The same samples with targets of their own, whatever they had. What it shows is a data set of its own, not a view. */
export function withTargets(dataset: Dataset, targets: Targets): Dataset {
  checkTargets(targets, dataset.size, dataset.name);
  const { name, size, inputs, fingerprint } = dataset;
  const hash = new Sha256().update(`${fingerprint}\n`);
  for (const bytes of targetBytes(targets)) hash.update(bytes);
  return {
    name,
    size,
    inputs,
    targets,
    fingerprint: hash.hex(),
    async read(indices, signal) {
      const { mixed: _, ...batch } = await dataset.read(indices, signal);
      return { ...batch, targets: pickTargets(targets, indices) };
    },
  };
}
