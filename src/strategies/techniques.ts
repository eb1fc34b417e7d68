import { minify } from '../compression/coding/index.js';
import { prune, sparsify } from '../compression/pruning/index.js';
import { quantize, quantizeAwareTrain } from '../compression/quantization/index.js';
import { distill } from '../learning/distillation/index.js';
import { mirror } from '../learning/ensembling/index.js';
import { standardize, whiten } from '../learning/initialization/index.js';
import { trainTechnique } from '../learning/tuning/index.js';
import { TechniqueRegistry } from '../technique/index.js';
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
  quantize,
  quantizeAwareTrain,
  mirror,
  minify,
  frontEnd,
]);
