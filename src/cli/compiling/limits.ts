import { formatBytes } from '../../base/index.js';
import type { KernelSummary, ProgramSummary } from '../../infrastructure/codegen/index.js';
import type { Written } from '../../infrastructure/targets/index.js';
import { Refused } from '../shipping/index.js';

/** Most bytes that compiled code may need. */
export interface CodeLimits {
  /** Memory, inputs and outputs included. */
  readonly maxRam?: number;
  /** Code and constants. */
  readonly maxFlash?: number;
}

/** @throws Refused where a program needs more than it may: how much more, and which kernel needs most of it. */
export function requireWithin(
  { maxRam, maxFlash }: CodeLimits,
  { ram, flash }: Pick<Written, 'ram' | 'flash'>,
  { kernels }: ProgramSummary,
): void {
  const checks = [
    { option: '--max-ram', what: 'RAM', needed: ram, most: maxRam, of: 'arenaBytes', part: 'of the arena while it runs' },
    { option: '--max-flash', what: 'flash', needed: flash, most: maxFlash, of: 'constantBytes', part: 'of constants' },
  ] as const;
  for (const { option, what, needed, most, of, part } of checks) {
    if (most === undefined || needed <= most) continue;
    const largest = kernels.reduce<KernelSummary | undefined>((a, b) => (a && a[of] >= b[of] ? a : b), undefined);
    const culprit = largest && largest[of] > 0 ? `; most of it for ${largest.title}: ${formatBytes(largest[of])} ${part}` : '';
    throw new Refused({
      what: `The code is not written, because it needs ${formatBytes(needed)} of ${what}, ${formatBytes(needed - most)} more than it may${culprit}`,
      where: option,
      expected: `at most ${formatBytes(most)}`,
      fix: `Allow more, or make the model smaller: espalier optimize has ${option}, too. espalier plan shows what each kernel needs.`,
    });
  }
}
