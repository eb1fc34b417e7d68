import type { ValueType } from '../../onnx/index.js';
import { type Family, type InferRule, noMacs, type OpRule, refuses, ZERO } from '../rule.js';
import { passesGradient } from '../shared/gradients.js';
import { tensorOf } from '../shared/inferred.js';

const inferOptional: InferRule = (context) => {
  const attribute = context.node.attributes.get('type');
  const element: ValueType | undefined = attribute?.type === 'type' ? attribute.value : context.type(0);
  return [{ type: { kind: 'optional', element } }];
};

/** Since opset 18 a value that is not optional passes through. */
const inferElement: InferRule = (context) => {
  const type = context.type(0);
  const element = type?.kind === 'optional' ? type.element : type;
  return [element && { type: element }];
};

const reason = 'optional values are not followed';

function rule(infer: InferRule, gradient: OpRule['gradient']): OpRule {
  return { infer, macs: noMacs, gradient, coupling: refuses(reason), quantization: { kind: 'float' }, upgrades: {} };
}

/** Values that may be absent. */
export const optionals: Family = {
  Optional: rule(inferOptional, passesGradient),
  OptionalGetElement: rule(inferElement, passesGradient),
  OptionalHasElement: rule(
    () => [tensorOf('bool', [])],
    () => [ZERO],
  ),
};
