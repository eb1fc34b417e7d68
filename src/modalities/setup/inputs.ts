import { DataError, UnsupportedError } from '../../base/index.js';
import type { InputSpec } from '../../data/index.js';
import type { Dim, Value } from '../../onnx/index.js';
import { modalityOf } from '../registry.js';

/** One of the model's inputs, and the stored input that feeds it. */
export interface InputPair {
  input: Value;
  spec: InputSpec;
}

/** @throws UnsupportedError where samples cannot lie along the first axis of every input. */
export function checkBatchAxis(inputs: readonly Value[], where: string | undefined): void {
  const firsts = inputs.flatMap(({ shape }) => (shape ? [shape[0] as Dim | undefined] : []));
  const sizes = new Set(firsts.filter((dim) => typeof dim === 'number' && (dim !== 1 || firsts.length === 1)));
  const mixed = sizes.size > 1 || (sizes.size === 1 && firsts.some((dim) => !sizes.has(dim)));
  if (!mixed && firsts.every((dim) => dim !== undefined)) return;
  throw new UnsupportedError({
    what: 'The samples of a batch do not lie along the first axis of every input',
    where,
    expected: 'inputs [batch, ...]',
    got: inputs.map(({ name, shape }) => `"${name}" [${shape?.map((dim) => (typeof dim === 'number' ? dim : '?')) ?? '?'}]`).join(', '),
    fix: 'Export the model so that every input, states and settings among them, has its samples first, or with the others as constants.',
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
