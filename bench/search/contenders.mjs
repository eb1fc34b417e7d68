// Who takes part in bench/search.mjs.
import { gpSampler, randomSampler, tpeSampler } from 'espalier/automation';

export const ours = {
  random: randomSampler,
  tpe: tpeSampler,
  gp: gpSampler,
};

/** Of Optuna, by the names of peer.py. */
export const peers = ['random', 'tpe', 'tpe-groups', 'nsga2', 'gp'];
