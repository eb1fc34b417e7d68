import { part } from '../units.js';

const MORE =
  'compute the first layers part by part where that needs less RAM, with at most so much of all multiply-accumulates computed again';

/** The option by which first layers are computed part by part: what commander's `option` takes. */
export const patchesOption = ['--patches [more]', `${MORE} (default: 0.25)`, part] as const;
