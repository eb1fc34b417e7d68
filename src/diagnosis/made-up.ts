import { attempted } from '../base/index.js';
import type { Quality } from '../training/index.js';
import { type ProofRequest, prove } from './proof/prove.js';

export type MadeUpRequest = Omit<ProofRequest, 'samples'>;

/**
 * How closely a model follows the one that it was made of on made-up inputs, where there is no data: they are not what it was trained on, so that this shows
 * a model that is broken, and not how good one is.
 * @returns the quality, or why it could not be measured, as a sentence.
 */
export async function fidelityOnMadeUpInputs(request: MadeUpRequest): Promise<Quality | string> {
  return attempted(
    async () => {
      const { quality, remark } = await prove(request);
      return quality ?? remark ?? 'It could not be run on made-up inputs: no output holds numbers';
    },
    ({ message }) => `It could not be run on made-up inputs: ${message}`,
  );
}
