import { EspalierError } from '../base/index.js';
import { dropDefaultInputs, type GraphBuilder, type Model, staticShape, type Value } from '../onnx/index.js';
import {
  floatedOutputs,
  forms,
  inferShapes,
  knownBranches,
  knownIntegers,
  TRAINING_OPSET,
  typedBuilder,
  unfuse,
  upgradeOpset,
} from '../ops/index.js';

export interface PrepareOptions {
  /** Static shapes of inputs, by name. Inputs that are not named must have static shapes already. */
  inputShapes?: Readonly<Record<string, readonly number[]>>;
}

/** A model ready to be differentiated. */
export interface Prepared {
  /** A copy: functions inlined, fused operators written out, standard operators at TRAINING_OPSET or newer, every shape that can be known static, settings computed from shapes constant, branches that follow from them taken, outputs that were cast to half precision in float32. */
  model: Model;
  /** Writes into the copy's graph; every new value is typed. */
  build: GraphBuilder;
  /** An input, initializer or node output of the main graph by name. @throws EspalierError where there is none. */
  value(name: string): Value;
}

/** Makes the copy of a model that gradients are added to. The original is not changed; values keep their names. */
export function prepare(source: Model, { inputShapes }: PrepareOptions = {}): Prepared {
  const model = upgradeOpset(unfuse(source), TRAINING_OPSET);
  // Inputs with a default are constants here; IR versions before 4 list every weight as an input.
  dropDefaultInputs(model);
  const { feeds } = model.graph;
  inferShapes(model, { inputShapes });
  for (const input of feeds) {
    if (input.type?.kind === 'tensor' && !staticShape(input.shape)) {
      throw new EspalierError({
        what: `Input "${input.name}" has no static shape to train with`,
        where: source.source,
        got: input.shape ? `[${input.shape}]` : 'an unknown rank',
        fix: 'Give its shape, batch size included.',
      });
    }
  }
  forms.apply(model, [floatedOutputs, knownBranches, knownIntegers], undefined);
  const values = new Map([...model.graph.values()].map((value) => [value.name, value]));
  return {
    model,
    build: typedBuilder(model.graph, model.opsets, { prefix: 'grad' }),
    value: (name) => {
      const value = values.get(name);
      if (!value) throw new EspalierError({ what: `The model has no value called "${name}"`, where: source.source });
      return value;
    },
  };
}
