import type { Model } from '../model.js';
import { weightsAreNoInputs } from './conditions.js';
import type { Pass } from './pass.js';

/**
 * Lets weights that are listed as inputs too (all were before IR version 4, and some exporters went on) be weights only, in place: no caller feeds them.
 * @returns the number of inputs that there are no longer.
 */
export function dropDefaultInputs({ graph }: Pick<Model, 'graph'>): number {
  const { feeds } = graph;
  const dropped = graph.inputs.length - feeds.length;
  graph.inputs.length = 0;
  for (const feed of feeds) graph.inputs.push(feed);
  return dropped;
}

export const noDefaultInputs: Pass = {
  name: 'drop-default-inputs',
  summary: 'Weights that are inputs as well, as all were before IR version 4, become weights only.',
  kind: 'form',
  requires: [],
  ensures: [weightsAreNoInputs],
  run: (model) => {
    model.irVersion = Math.max(model.irVersion, 4);
    return dropDefaultInputs(model);
  },
};
