import type { LossBuilder } from './loss.js';

/** A teacher's share of the loss, and the targets'. @param weight of the teacher's, in [0, 1]. */
export function mixed(soft: LossBuilder, hard: LossBuilder, weight: number): LossBuilder {
  if (weight === 1) return soft;
  return (context) => {
    const { build } = context;
    const share = (loss: LossBuilder, factor: number) => build.op('Mul', [loss(context), build.scalar(factor)]);
    return build.op('Add', [share(soft, weight), share(hard, 1 - weight)]);
  };
}
