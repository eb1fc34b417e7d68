import type { Family } from '../rule.js';
import { attention, previewAttention } from './attention.js';
import { convolution } from './convolution.js';
import { dropout } from './dropout.js';
import { microsoftFused, microsoftStandard } from './microsoft-fused.js';
import { microsoftQuantization } from './microsoft-quantization.js';
import { normalization } from './normalization.js';
import { pooling } from './pooling.js';
import { quantization } from './quantization.js';
import { recurrent } from './recurrent.js';

/** Every family with the domain of its operators; '' is the standard's own. */
export const families: readonly (readonly [domain: string, family: Family])[] = [
  ['', attention],
  ['', convolution],
  ['', dropout],
  ['', microsoftStandard],
  ['', normalization],
  ['', pooling],
  ['', quantization],
  ['', recurrent],
  ['ai.onnx.preview', previewAttention],
  ['com.microsoft', microsoftFused],
  ['com.microsoft', microsoftQuantization],
];
