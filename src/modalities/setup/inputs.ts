import { DataError, UnsupportedError } from '../../base/index.js';
import type { InputSpec } from '../../data/index.js';
import { type BatchAxes, batchAxesOf } from '../../infrastructure/hardware/index.js';
import type { Value } from '../../onnx/index.js';
import { modalityOf } from '../registry.js';

/** One of the model's inputs, and the stored input that feeds it. */
export interface InputPair {
  input: Value;
  spec: InputSpec;
}

/** Where the samples of a batch lie in each input. @throws UnsupportedError where that cannot be told. */
export function requireBatchAxes(inputs: readonly Value[], where: string | undefined): BatchAxes {
  const axes = batchAxesOf(inputs);
  if (axes) return axes;
  throw new UnsupportedError({
    what: 'It cannot be told along which axis of every input the samples of a batch lie',
    where,
    expected: 'inputs [batch, ...], or one symbolic dimension for the batch in all of them',
    got: inputs.map(({ name, shape }) => `"${name}" [${shape?.map((dim) => (typeof dim === 'number' ? dim : '?')) ?? '?'}]`).join(', '),
    fix: 'Export the model with a symbolic dimension "batch" in every input, or with the others as constants.',
  });
}

/** Which stored input feeds which of the model's: by name, or the only one, or in order where the numbers agree. */
export function pairInputs(inputs: readonly Value[], stored: readonly InputSpec[], where: string): InputPair[] {
  return inputs.map((input, index) => {
    const shared = stored.length === 1 && modalityOf(stored[0].kind).feedsMany ? stored[0] : undefined;
    const spec = stored.find((each) => each.name === input.name) ?? (stored.length === inputs.length ? stored[index] : shared);
    if (spec) return { input, spec };
    throw new DataError({
      what: `Nothing in the data feeds the model's input "${input.name}"`,
      where,
      expected: `${inputs.length} input(s): ${inputs.map((each) => each.name).join(', ')}`,
      got: `${stored.length}: ${stored.map((each) => each.name).join(', ')}`,
      fix: 'Give the inputs as arrays of these names in one .npz file',
    });
  });
}
