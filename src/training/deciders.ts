import { copyModel, type Graph, isFloat, type Model, type Value } from '../onnx/index.js';
import { traitsOf, typedBuilder } from '../ops/index.js';

/** What deciding values are called, as outputs. */
const DECIDER = 'decides ';

/** The floating-point values that outputs of whole numbers and truths are decided by: what ArgMax looks through, what is compared. */
function decidersOf({ outputs, inputs }: Graph): Value[] {
  const found = new Set<Value>();
  const seen = new Set<Value>();
  const visit = (value: Value) => {
    if (seen.has(value) || value.constant || inputs.includes(value)) return;
    seen.add(value);
    if (isFloat(value.dtype)) found.add(value);
    else if (value.producer && !traitsOf(value.producer).shapeOnly) for (const input of value.producer.inputs) if (input) visit(input);
  };
  for (const output of outputs) if (!isFloat(output.dtype)) visit(output);
  return [...found];
}

/** A copy of a model that hands out what decides its outputs of whole numbers and truths, which have no noise themselves. */
export function withDeciders(model: Model): { model: Model; outputs: readonly string[] } {
  const copy = copyModel(model);
  const deciders = decidersOf(copy.graph);
  const build = typedBuilder(copy.graph, copy.opsets);
  const outputs = deciders.map((value, index) => build.output(build.op('Identity', [value]), `${DECIDER}${index}`).name);
  return { model: copy, outputs };
}
