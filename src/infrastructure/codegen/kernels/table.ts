import { lookup } from '../../../base/index.js';
import type { Node } from '../../../onnx/index.js';
import { transposedConvolutions } from './conv-transpose.js';
import { convolutions } from './convolution.js';
import { dynamicQuantizations } from './dynamic-quantization.js';
import { einsums } from './einsum.js';
import { elementwise } from './elementwise.js';
import { gathers } from './gathers.js';
import { joins } from './joins.js';
import { normalizations } from './normalization.js';
import { pools } from './pools.js';
import { products } from './products.js';
import { quantization } from './quantization.js';
import { recurrents } from './recurrent.js';
import { reductionKernels } from './reductions.js';
import { resizes } from './resize.js';
import type { KernelRule } from './rule.js';
import { scatters } from './scatters.js';
import { sequences } from './sequences.js';
import { signals } from './signal.js';
import { softmaxes } from './softmax.js';
import { views } from './views.js';

const rules: Readonly<Record<string, KernelRule>> = {
  If: { kind: 'branches' },
  ...elementwise,
  ...views,
  ...convolutions,
  ...pools,
  ...products,
  ...quantization,
  ...reductionKernels,
  ...softmaxes,
  ...normalizations,
  ...joins,
  ...gathers,
  ...scatters,
  ...sequences,
  ...signals,
  ...dynamicQuantizations,
  ...einsums,
  ...recurrents,
  ...transposedConvolutions,
  ...resizes,
};
const outside = new Map<string, KernelRule>();

/** How an operator is computed by loops; undefined where there is no kernel. */
export function kernelOf({ domain, op }: Node): KernelRule | undefined {
  return outside.get(`${domain}:${op}`) ?? (domain === '' || domain === 'ai.onnx' ? lookup(rules, op) : undefined);
}

/** Adds a kernel for an operator, or replaces one. */
export function addKernel(op: string, rule: KernelRule, domain = ''): void {
  outside.set(`${domain}:${op}`, rule);
}
