import { addGradients, prepare } from '../autodiff/index.js';
import { type Model, removeDeadCode } from '../onnx/index.js';
import type { LossBuilder } from './losses/index.js';
import { exposeParameters, nothingToTrain } from './parameters.js';
import { lossContext } from './step.js';
import type { StepOptions } from './step-options.js';

/** A loss and its gradients as an ONNX model: nothing is updated. */
export interface LossGradients {
  model: Model;
  lossOutput: string;
  /** Output that holds the gradient of a parameter, by the parameter's name. */
  gradients: Map<string, string>;
}

/**
 * Writes the gradients of a loss with respect to a model's parameters, the model in its inference form: normalizations use their statistics,
 * nothing is dropped.
 * @throws UnsupportedError where there is no gradient; see `addGradients`.
 */
export function buildLossGradients(
  source: Model,
  options: Pick<StepOptions, 'batchSize' | 'inputShapes'> & { loss: LossBuilder },
): LossGradients {
  const { model, build, value } = prepare(source, { inputShapes: options.inputShapes });
  const { graph } = model;
  const parameters = exposeParameters(graph);
  const loss = options.loss(lossContext(build, value, options));
  const found = addGradients({ build, opsets: model.opsets, from: new Map([[loss, build.scalar(1)]]), to: parameters, lenient: true });
  if (found.size === 0) throw nothingToTrain(source, parameters);
  graph.outputs.length = 0;
  const lossOutput = build.output(loss, 'espalier.loss').name;
  const gradients = new Map(
    [...found].map(([parameter, gradient]) => [parameter.name, build.output(gradient, `espalier.gradient.${parameter.name}`).name]),
  );
  removeDeadCode(graph);
  return { model, lossOutput, gradients };
}
