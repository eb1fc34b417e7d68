import type { Sampler } from './sampler.js';

/** Random search: every point is drawn uniformly, on each parameter's own scale (Bergstra and Bengio 2012). */
export function randomSampler(): Sampler {
  return { name: 'random', options: {}, ask: (space, _history, random) => space.sampleUniform(random) };
}
