import { commonSubexpressions, deadCode, PassTable } from '../../onnx/index.js';
import { forms } from '../../ops/index.js';
import { blockedImages } from './blocked/index.js';
import { cancelledMoves } from './cancel-moves.js';
import { declaredBatch } from './declare-batch.js';
import { foldedAffine } from './fold-affine.js';
import { type CompilerContext, foldedConstants } from './fold-constants.js';
import { foldedNormalization } from './fold-normalization.js';
import { forgottenSizes } from './forget-sizes.js';
import { freedBatch } from './free-batch.js';
import { hoistedAbovePools } from './hoist-above-pools.js';
import { convolvedNormalization } from './normalization-to-convolution.js';
import { trimmedUnread } from './trim-unread.js';
import { webGpuPasses } from './webgpu/index.js';

/** Every pass; `simplify` runs those of its kind in this order. */
export const passes = new PassTable<CompilerContext>([
  ...forms.all(),
  declaredBatch,
  freedBatch,
  foldedAffine,
  convolvedNormalization,
  foldedConstants,
  cancelledMoves,
  hoistedAbovePools,
  foldedNormalization,
  trimmedUnread,
  commonSubexpressions,
  deadCode,
  blockedImages(16),
  forgottenSizes,
  ...webGpuPasses,
]);
