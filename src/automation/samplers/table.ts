import { autoSampler } from './auto.js';
import { evolutionSampler } from './evolution.js';
import { gpSampler } from './gp/gp.js';
import { gridSampler } from './grid.js';
import { quasiRandomSampler } from './halton.js';
import { nsga2Sampler } from './nsga2/nsga2.js';
import { randomSampler } from './random.js';
import type { Sampler } from './sampler.js';
import { tpeSampler } from './tpe/tpe.js';

/** What can be asked for by name, and when to. */
export const samplers: { readonly [name: string]: { readonly make: () => Sampler; readonly when: string } } = {
  tpe: {
    make: tpeSampler,
    when: 'the usual choice: choices, numbers and conditions, one objective or several, constraints; quick with thousands of trials',
  },
  auto: {
    make: autoSampler,
    when: 'gp for the first hundred trials where most parameters are numbers, tpe otherwise',
  },
  gp: {
    make: gpSampler,
    when: 'trials that are dear, up to some 200, mostly of numbers: learns more from each, and takes a second or so to propose the next',
  },
  nsga2: {
    make: () => nsga2Sampler(),
    when: 'an evolutionary search to compare with, for several objectives; with hundreds of trials tpe finds more',
  },
  evolution: {
    make: () => evolutionSampler(),
    when: 'regularized evolution, as architectures are searched: hundreds of trials of many choices, noisy ones; with fewer tpe finds more',
  },
  random: { make: randomSampler, when: 'a baseline to compare with' },
  'quasi-random': { make: quasiRandomSampler, when: 'to cover a space evenly, before one knows what matters' },
  grid: { make: () => gridSampler(), when: 'small spaces, all of them' },
};
