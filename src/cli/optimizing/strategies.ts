import { growImproveShrink, shrinkAndImprove } from '../../strategies/index.js';

/** By name. */
export const strategies = { [shrinkAndImprove.name]: shrinkAndImprove, [growImproveShrink.name]: growImproveShrink };
