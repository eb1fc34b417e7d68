import type { AttributeOf } from './attributes.js';
import { Tensor } from './tensor.js';

/** Tensors of value_* attributes, made once. */
const constants = new WeakMap<Attribute, Tensor>();

type Attribute = AttributeOf<unknown>;

/** As far as a node is asked here. */
interface ConstantNode {
  readonly attributes: ReadonlyMap<string, Attribute>;
  tensor(name: 'value'): Tensor | undefined;
}

/** The forms that a Constant node may take: a tensor, or one of the value_* attributes of opset 12. Sparse ones are not read. */
export function constantOf(node: ConstantNode): Tensor | undefined {
  const whole = node.tensor('value');
  if (whole) return whole;
  for (const [name, attribute] of node.attributes) {
    const tensor = constants.get(attribute) ?? readConstant(name, attribute);
    if (!tensor) continue;
    constants.set(attribute, tensor);
    return tensor;
  }
  return undefined;
}

function readConstant(name: string, attribute: Attribute): Tensor | undefined {
  const { type, value } = attribute;
  if (name === 'value_float' && type === 'float') return Tensor.scalar('float32', value);
  if (name === 'value_int' && type === 'int') return Tensor.of('int64', [], BigInt64Array.of(BigInt(value)));
  if (name === 'value_floats' && type === 'floats') return Tensor.from('float32', [value.length], value);
  if (name === 'value_ints' && type === 'ints') return Tensor.of('int64', [value.length], BigInt64Array.from(value.map(BigInt)));
  if (name === 'value_string' && type === 'string') return new Tensor('string', [], [bytesOf(value)]);
  if (name === 'value_strings' && type === 'strings') return new Tensor('string', [value.length], value.map(bytesOf));
  return undefined;
}

function bytesOf(text: string | Uint8Array): Uint8Array {
  return typeof text === 'string' ? new TextEncoder().encode(text) : text;
}
