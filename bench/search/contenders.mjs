// Who takes part in bench/search.mjs.
import { evolutionSampler, gpSampler, nsga2Sampler, randomSampler, tpeSampler } from 'espalier/automation';

export const ours = {
  random: randomSampler,
  tpe: tpeSampler,
  gp: gpSampler,
  nsga2: nsga2Sampler,
  evolution: evolutionSampler,
};

/** Of Optuna, by the names of peer.py. */
export const peers = ['random', 'tpe', 'tpe-groups', 'nsga2', 'gp'];
