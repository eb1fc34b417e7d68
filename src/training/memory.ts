import { type Recomputation, recompute } from '../autodiff/index.js';
import { OptionError } from '../base/index.js';
import type { Model } from '../onnx/index.js';

/** Rounds up, so that what is shown as the least that is possible is possible. */
function megabytes(bytes: number): string {
  return `${Math.ceil(bytes / 1e5) / 10} MB`;
}

/**
 * Lets a training step compute activations again rather than keep them, in place, until it needs no more than `budget` bytes at one time, by the
 * sizes of its values: weights, optimizer state, batch, activations and gradients. The runtime itself and its gaps between values come on top.
 * @throws OptionError naming the smallest budget that can be met.
 */
export function withinMemory({ graph, opsets }: Model, budget: number): Recomputation {
  const found = recompute(graph, opsets, budget);
  if (found.peakBytes <= budget) return found;
  throw new OptionError({
    what: 'A training step does not fit into this memory, even where it computes again what it can',
    where: 'training option "maxMemory"',
    expected: `at least ${megabytes(found.peakBytes)}`,
    got: megabytes(budget),
    fix: 'Allow more memory, or go through each batch in parts: smaller batches, or "accumulate".',
  });
}
