import { weightSharing } from '../../compression/clustering/index.js';
import { lowRank } from '../../compression/factorization/index.js';
import { minify } from '../../compression/packaging/index.js';
import { prune, sparsify } from '../../compression/pruning/index.js';
import { quantize, quantizeAwareTrain } from '../../compression/quantization/index.js';
import { distill } from '../../learning/distillation/index.js';
import { flipEnsemble } from '../../learning/ensembling/index.js';
import { standardize, whiten } from '../../learning/initialization/index.js';
import { trainTechnique } from '../../learning/tuning/index.js';
import { type Technique, TechniqueRegistry } from '../../technique/index.js';
import { build } from './build.js';
import { frontEnd } from './front-end.js';

/** Every technique that recipes may name. */
export const techniques = new TechniqueRegistry([
  build,
  whiten,
  standardize,
  trainTechnique,
  distill,
  prune,
  sparsify,
  lowRank,
  weightSharing,
  quantize,
  quantizeAwareTrain,
  flipEnsemble,
  minify,
  frontEnd,
]);

/** Adds a technique to those that recipes may name and that searches try. @throws OptionError where there is one of this name. */
export function addTechnique(technique: Technique): void {
  techniques.add(technique);
}
