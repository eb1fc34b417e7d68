// Who takes part in bench/search.mjs.
import { randomSampler, tpeSampler } from 'espalier/automation';

export const ours = {
  random: randomSampler,
  tpe: tpeSampler,
};

/** Of Optuna, by the names of peer.py. */
export const peers = ['random', 'tpe', 'tpe-groups', 'nsga2', 'gp'];
