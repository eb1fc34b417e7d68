import type { DataType } from '../../onnx/index.js';

/** Element types by TensorFlow Lite's codes, which are the indices; those without a counterpart are refused by name. */
const codes: readonly (DataType | undefined)[] = [
  'float32',
  'float16',
  'int32',
  'uint8',
  'int64',
  'string',
  'bool',
  'int16',
  'complex64',
  'int8',
  'float64',
  'complex128',
  'uint64',
  undefined,
  undefined,
  'uint32',
  'uint16',
  'int4',
  'bfloat16',
];
const nameless: Readonly<Record<number, string>> = { 13: 'RESOURCE (a variable that lives between runs)', 14: 'VARIANT' };

/** The element type of a code, or what it is called where there is none. */
export function typeOfCode(code: number): { dtype: DataType } | { unknown: string } {
  const dtype = codes[code];
  return dtype ? { dtype } : { unknown: nameless[code] ?? `number ${code}` };
}

/** The code of an element type; undefined where TensorFlow Lite has none. */
export function codeOfType(dtype: DataType): number | undefined {
  const code = codes.indexOf(dtype);
  return code < 0 ? undefined : code;
}

/** Activations that operators have built in, by code. */
export const ACTIVATIONS = ['NONE', 'RELU', 'RELU_N1_TO_1', 'RELU6', 'TANH', 'SIGN_BIT'] as const;
export type Activation = (typeof ACTIVATIONS)[number];

/** How windows meet the border, by code. */
export const PADDINGS = ['SAME', 'VALID'] as const;
