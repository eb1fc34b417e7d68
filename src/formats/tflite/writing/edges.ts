import type { Value } from '../../../onnx/index.js';
import type { Layout } from '../layout.js';
import { gridOfIntegers, isFloatValue, type TensorGrid } from './values.js';
import type { Writer } from './writer.js';

/** Declares an input of the graph. Integers on a grid have it said; unsigned ones are shifted at once, for kernels take signed ones. */
export function writeInput(writer: Writer, value: Value, layout: Layout): number {
  const { name, dtype = 'float32' } = value;
  const facts = writer.sizes(value, layout);
  const grid = isFloatValue(value) ? undefined : gridOfIntegers(value);
  if (grid && dtype === 'uint8') {
    const given = writer.tensor({ name, dtype, ...facts, grid: unsigned(grid) });
    const signed = { name: `${name}_int8`, dtype: 'int8' as const, ...facts, grid };
    writer.hold(value, writer.operator('QUANTIZE', [given], signed, { name: 'QuantizeOptions', values: {} }), layout, grid);
    return given;
  }
  const tensor = writer.tensor({ name, dtype, ...facts, grid });
  writer.hold(value, tensor, layout, grid);
  return tensor;
}

/** The tensor that is an output of the graph, in the graph's type. */
export function writeOutput(writer: Writer, value: Value, layout: Layout): number {
  const grid = writer.gridOf(value);
  if (!grid || isFloatValue(value)) return writer.real(value, layout);
  const stored = writer.stored(value, layout);
  const { name, dtype = 'uint8' } = value;
  if (dtype === grid.dtype) return stored;
  const facts = { name, dtype, ...writer.sizes(value, layout), grid: unsigned(grid) };
  return writer.operator('QUANTIZE', [stored], facts, { name: 'QuantizeOptions', values: {} });
}

/** Where zero lies in unsigned integers of 8 bits that stand for the same. */
function unsigned({ scale, zeroPoint }: TensorGrid) {
  return { scale, zeroPoint: zeroPoint + 128 };
}
