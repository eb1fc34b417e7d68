import { type ServingRates, withRates } from '../../infrastructure/hardware/index.js';
import type { ModelInfo, ServingInfo } from '../results/info.js';

/** Notes with a model how it serves requests side by side. @param rates of what serves; not kept in the journal, so that another run in the folder may say otherwise. */
export function addServing(model: ModelInfo, found: readonly ServingInfo[], rates: ServingRates): void {
  model.footprint = { ...model.footprint, serving: found.map((each) => withRates(each, rates)) };
}
