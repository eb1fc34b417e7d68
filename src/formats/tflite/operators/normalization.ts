import type { ReadContext } from '../reading/context.js';
import type { Family } from './entry.js';

/** Each vector along the last axis, divided by its length. */
function readLengths(context: ReadContext): void {
  const { activation } = context.options('L2NormOptions');
  const layout = context.layoutOf(0);
  const axis = context.axisIn(layout, -1, context.rank(0));
  context.output(context.op('LpNormalization', [context.real(0, layout)], { axis, p: 2 }), layout, { activation });
}

export const normalization: Family = {
  L2_NORMALIZATION: { version: 2, read: readLengths },
};
