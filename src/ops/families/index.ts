import type { Family } from '../rule.js';
import { activations } from './activations.js';
import { arithmetic } from './arithmetic.js';
import { attention, previewAttention } from './attention.js';
import { bitwise } from './bitwise.js';
import { cast } from './cast.js';
import { classical } from './classical.js';
import { comparisons } from './comparison.js';
import { concat } from './concat.js';
import { controlFlow } from './control-flow.js';
import { convolution } from './convolution.js';
import { cumulative } from './cumulative.js';
import { dropout } from './dropout.js';
import { expand } from './expand.js';
import { gather } from './gather.js';
import { generators } from './generators.js';
import { images } from './images.js';
import { losses } from './losses.js';
import { mathematics } from './mathematics.js';
import { matrixProducts } from './matmul.js';
import { microsoftElementwise } from './microsoft-elementwise.js';
import { microsoftFused, microsoftStandard } from './microsoft-fused.js';
import { microsoftProducts } from './microsoft-products.js';
import { microsoftQuantization } from './microsoft-quantization.js';
import { normalization } from './normalization.js';
import { optionals } from './optionals.js';
import { padding } from './pad.js';
import { pooling } from './pooling.js';
import { quantization } from './quantization.js';
import { ranking } from './ranking.js';
import { recurrent } from './recurrent.js';
import { reductions } from './reductions.js';
import { regions } from './regions.js';
import { reshape } from './reshape.js';
import { resizing } from './resize.js';
import { scatter } from './scatter.js';
import { selection } from './selection.js';
import { sequences } from './sequences.js';
import { signal } from './signal.js';
import { slicing } from './slice.js';
import { softmaxes } from './softmax.js';
import { strings } from './strings.js';
import { transpose } from './transpose.js';
import { updates } from './updates.js';
import { variadics } from './variadic.js';

/** Every family with the domain of its operators; '' is the standard's own. */
export const families: readonly (readonly [domain: string, family: Family])[] = [
  ['', activations],
  ['', arithmetic],
  ['', attention],
  ['', bitwise],
  ['', cast],
  ['', comparisons],
  ['', concat],
  ['', controlFlow],
  ['', convolution],
  ['', cumulative],
  ['', dropout],
  ['', expand],
  ['', gather],
  ['', generators],
  ['', images],
  ['', losses],
  ['', mathematics],
  ['', matrixProducts],
  ['', microsoftStandard],
  ['', normalization],
  ['', optionals],
  ['', padding],
  ['', pooling],
  ['', quantization],
  ['', ranking],
  ['', recurrent],
  ['', reductions],
  ['', regions],
  ['', reshape],
  ['', resizing],
  ['', scatter],
  ['', selection],
  ['', sequences],
  ['', signal],
  ['', slicing],
  ['', softmaxes],
  ['', strings],
  ['', transpose],
  ['', variadics],
  ['ai.onnx.ml', classical],
  ['ai.onnx.preview', previewAttention],
  ['ai.onnx.preview.training', updates],
  ['com.microsoft', microsoftElementwise],
  ['com.microsoft', microsoftFused],
  ['com.microsoft', microsoftProducts],
  ['com.microsoft', microsoftQuantization],
];
