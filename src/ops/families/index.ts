import type { Family } from '../rule.js';
import { activations } from './activations.js';
import { arithmetic } from './arithmetic.js';
import { attention, previewAttention } from './attention.js';
import { bitwise } from './bitwise.js';
import { comparisons } from './comparison.js';
import { convolution } from './convolution.js';
import { cumulative } from './cumulative.js';
import { dropout } from './dropout.js';
import { generators } from './generators.js';
import { losses } from './losses.js';
import { mathematics } from './mathematics.js';
import { matrixProducts } from './matmul.js';
import { microsoftElementwise } from './microsoft-elementwise.js';
import { microsoftFused, microsoftStandard } from './microsoft-fused.js';
import { microsoftProducts } from './microsoft-products.js';
import { microsoftQuantization } from './microsoft-quantization.js';
import { normalization } from './normalization.js';
import { pooling } from './pooling.js';
import { quantization } from './quantization.js';
import { ranking } from './ranking.js';
import { recurrent } from './recurrent.js';
import { reductions } from './reductions.js';
import { signal } from './signal.js';
import { softmaxes } from './softmax.js';
import { variadics } from './variadic.js';

/** Every family with the domain of its operators; '' is the standard's own. */
export const families: readonly (readonly [domain: string, family: Family])[] = [
  ['', activations],
  ['', arithmetic],
  ['', attention],
  ['', bitwise],
  ['', comparisons],
  ['', convolution],
  ['', cumulative],
  ['', dropout],
  ['', generators],
  ['', losses],
  ['', mathematics],
  ['', matrixProducts],
  ['', microsoftStandard],
  ['', normalization],
  ['', pooling],
  ['', quantization],
  ['', ranking],
  ['', recurrent],
  ['', reductions],
  ['', signal],
  ['', softmaxes],
  ['', variadics],
  ['ai.onnx.preview', previewAttention],
  ['com.microsoft', microsoftElementwise],
  ['com.microsoft', microsoftFused],
  ['com.microsoft', microsoftProducts],
  ['com.microsoft', microsoftQuantization],
];
