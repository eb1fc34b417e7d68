import {
  constantInitializers,
  inlinedFunctions,
  innerConstantInitializers,
  namedNodes,
  noDefaultInputs,
  PassTable,
  sharedConstants,
} from '../../onnx/index.js';
import { dequantized } from '../plain/dequantize.js';
import { unfused } from '../plain/unfuse.js';
import { floatedOutputs, widened } from '../plain/widen.js';
import { TRAINING_OPSET } from '../rule.js';
import { upgradeTo } from '../upgrade.js';
import { knownBranches } from './known-branches.js';
import { knownIntegers } from './known-integers.js';
import { knownTypes } from './known-types.js';
import { literalShapes } from './literal-shapes.js';

/** The passes that bring a model into a form which others need, without running it. */
export const forms = new PassTable([
  inlinedFunctions,
  noDefaultInputs,
  constantInitializers,
  innerConstantInitializers,
  sharedConstants,
  namedNodes,
  knownTypes,
  upgradeTo(TRAINING_OPSET),
  widened,
  floatedOutputs,
  dequantized,
  unfused,
  knownBranches,
  knownIntegers,
  literalShapes,
]);
