import { floatAttribute, type Value } from '../../onnx/index.js';
import type { PlainContext } from '../rule.js';
import { Formula } from '../shared/formula.js';

/**
 * The activation that a fused product applies to its result: attribute `activation` names an operator of the standard, the parameters stand for its
 * attributes in the order of its schema.
 */
export function activated({ node, build, refuse }: PlainContext, x: Value, parameters: readonly (number | undefined)[]): Value {
  const name = node.string('activation', '');
  const named = (...names: readonly string[]) => {
    const attributes = names.map((attribute, index) => [attribute, parameters[index]] as const);
    return Object.fromEntries(attributes.flatMap(([key, value]) => (value === undefined ? [] : [[key, floatAttribute(value)]])));
  };
  switch (name) {
    case '':
      return x;
    case 'Relu':
    case 'Sigmoid':
    case 'Tanh':
    case 'Softplus':
    case 'Softsign':
    case 'HardSwish':
      return build.op(name, [x]);
    case 'LeakyRelu':
    case 'Elu':
    case 'ThresholdedRelu':
      return build.op(name, [x], named('alpha'));
    case 'HardSigmoid':
    case 'Selu':
      return build.op(name, [x], named('alpha', 'beta'));
    case 'Clip': {
      const [low, high] = parameters.map((limit) => (limit === undefined ? undefined : build.scalar(limit, x.dtype)));
      return build.op('Clip', [x, low, high]);
    }
    case 'Swish':
    case 'QuickGelu': {
      const f = new Formula(build, x.dtype);
      return f.mul(x, f.of('Sigmoid', f.mul(x, parameters[0] ?? 1)));
    }
    default:
      return refuse(`its activation "${name}" is not known`);
  }
}
