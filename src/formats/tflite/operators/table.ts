import { BUILTINS, type Builtin } from '../wire/builtins.js';
import { composed } from './composed.js';
import { conversions } from './conversions.js';
import { convolution } from './convolution.js';
import { elementwise } from './elementwise.js';
import type { Family, OperatorEntry, WriteRule } from './entry.js';
import { joining } from './joining.js';
import { normalization } from './normalization.js';
import { pooling } from './pooling.js';
import { products } from './products.js';
import { reductions } from './reductions.js';
import { resizing } from './resizing.js';
import { shapes } from './shapes.js';
import { slicing } from './slicing.js';
import { unaries } from './unary.js';

const families: readonly Family[] = [
  convolution,
  pooling,
  products,
  elementwise,
  unaries,
  normalization,
  reductions,
  shapes,
  slicing,
  joining,
  resizing,
  conversions,
];

/** Every operator that is read or written, by TensorFlow Lite's name. */
export const operators: ReadonlyMap<Builtin, OperatorEntry> = new Map(
  families
    .flatMap((family) => Object.entries(family) as [Builtin, OperatorEntry][])
    .sort(([a], [b]) => BUILTINS.indexOf(a) - BUILTINS.indexOf(b)),
);

/** One row of the table of operators: what is read of one of TensorFlow Lite, and which of ONNX become it. */
export interface OperatorRow {
  readonly name: string;
  /** The newest version that is read. */
  readonly version: number;
  /** ONNX's operators that are written as it, and whether also in integers. */
  readonly written: readonly { readonly op: string; readonly integers: boolean }[];
}

/** Every operator that is read or written, in the order of TensorFlow Lite's numbers. */
export function operatorRows(): OperatorRow[] {
  return [...operators].map(([name, { version, write = {} }]) => ({
    name,
    version,
    written: Object.entries(write).map(([op, { integer }]) => ({ op, integers: integer !== undefined })),
  }));
}

/** ONNX's operators that are written as several. */
export const composedOperators: readonly string[] = Object.keys(composed);

/** What writes nodes, by ONNX's operator. */
export const writers: ReadonlyMap<string, WriteRule> = new Map([
  ...[...operators.values()].flatMap(({ write = {} }) => Object.entries(write)),
  ...Object.entries(composed),
]);
