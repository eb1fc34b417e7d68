import type { Value } from '../../../onnx/index.js';
import type { Layout } from '../layout.js';
import { gridOfIntegers, isFloatValue } from './values.js';
import type { Writer } from './writer.js';

/** Declares an input of the graph. Integers on a grid have it said; unsigned ones are shifted at once, for kernels take signed ones. */
export function writeInput(writer: Writer, value: Value, layout: Layout): number {
  const { shape, signature } = writer.sizes(value);
  const facts = { shape: writer.arranged(shape, layout), signature: writer.arranged(signature, layout) };
  const dtype = value.dtype ?? 'float32';
  const grid = isFloatValue(value) ? undefined : gridOfIntegers(value);
  if (grid && dtype === 'uint8') {
    const given = writer.tensor({ name: value.name, dtype, ...facts });
    writer.parts.tensors[given].quantization = { scale: [grid.scale], zeroPoint: [grid.zeroPoint + 128], axis: 0 };
    const signed = writer.operator(
      'QUANTIZE',
      [given],
      { name: `${value.name}_int8`, dtype: 'int8', ...facts, grid },
      { name: 'QuantizeOptions', values: {} },
    );
    writer.hold(value, signed, layout, grid);
    return given;
  }
  const tensor = writer.tensor({ name: value.name, dtype, ...facts, grid });
  writer.hold(value, tensor, layout, grid);
  return tensor;
}

/** The tensor that is an output of the graph, in the graph's type. */
export function writeOutput(writer: Writer, value: Value, layout: Layout): number {
  const grid = writer.gridOf(value);
  if (!grid || isFloatValue(value)) return writer.real(value, layout);
  if (value.dtype === grid.dtype) return writer.stored(value, layout);
  const { shape, signature } = writer.sizes(value);
  const tensor = writer.tensor({
    name: value.name,
    dtype: value.dtype ?? 'uint8',
    shape: writer.arranged(shape, layout),
    signature: writer.arranged(signature, layout),
  });
  writer.parts.tensors[tensor].quantization = { scale: [grid.scale], zeroPoint: [grid.zeroPoint + 128], axis: 0 };
  writer.operatorInto('QUANTIZE', [writer.stored(value, layout)], [tensor], { name: 'QuantizeOptions', values: {} });
  return tensor;
}
