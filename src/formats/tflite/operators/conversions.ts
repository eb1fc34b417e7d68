import { codeOf, type Node } from '../../../onnx/index.js';
import type { ReadContext } from '../reading/context.js';
import { isGridded } from '../reading/values.js';
import { codeOfType } from '../types.js';
import type { WriteContext } from '../writing/context.js';
import type { Family } from './entry.js';

function readDequantize(context: ReadContext): void {
  const source = context.info(0);
  context.values.alias(context.result(), source);
}

function readQuantize(context: ReadContext): void {
  const layout = context.layoutOf(0);
  if (!isGridded(context.result())) context.fail('The result of QUANTIZE has no scale');
  context.output(context.real(0, layout), layout);
}

function readCast(context: ReadContext): void {
  const { dtype } = context.result();
  const layout = context.layoutOf(0);
  context.outputStored(context.op('Cast', [context.stored(0, layout)], { to: codeOf(dtype) }), layout);
}

function writeCast(w: WriteContext, node: Node): void {
  const layout = w.layoutOf(0);
  const [from, to] = [w.value(0).dtype, node.outputs[0]?.dtype];
  const [fromCode, toCode] = [from && codeOfType(from), to && codeOfType(to)];
  if (fromCode === undefined || toCode === undefined) w.refuse(`it casts ${from} to ${to}`);
  w.emit('CAST', [w.inputReal(0, layout)], {
    layout,
    options: { name: 'CastOptions', values: { from: fromCode, to: toCode } },
    version: 1,
  });
}

/** Changes of type. QuantizeLinear and DequantizeLinear are written where tensors are made. */
export const conversions: Family = {
  QUANTIZE: { version: 4, read: readQuantize },
  DEQUANTIZE: { version: 6, read: readDequantize },
  CAST: { version: 7, read: readCast, write: { Cast: { write: writeCast } } },
};
