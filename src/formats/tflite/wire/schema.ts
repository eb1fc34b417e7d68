/**
 * The part of TensorFlow Lite's public schema (tensorflow/compiler/mlir/lite/schema/schema.fbs, version 3) that is read and written: for each table its fields,
 * each with its number in the table and its type. Numbers never change; what a file has besides is passed over.
 */

/** Types of single numbers, as a vector or a field holds them. */
export type Scalar = 'bool' | 'int8' | 'uint8' | 'int32' | 'uint32' | 'int64' | 'uint64' | 'float32';

/** A field: its number, and a scalar with its default, a text, bytes, a vector of scalars, a table or a vector of tables. */
export type Field =
  | { readonly id: number; readonly scalar: Scalar; readonly fallback: number }
  | { readonly id: number; readonly text: true }
  | { readonly id: number; readonly bytes: 16 }
  | { readonly id: number; readonly vector: Scalar }
  | { readonly id: number; readonly table: string }
  | { readonly id: number; readonly tables: string };

const scalar = <S extends Scalar>(id: number, type: S, fallback = 0) => ({ id, scalar: type, fallback }) as const;
const text = (id: number) => ({ id, text: true }) as const;
const vector = <S extends Scalar>(id: number, type: S) => ({ id, vector: type }) as const;
const table = <T extends string>(id: number, name: T) => ({ id, table: name }) as const;
const tables = <T extends string>(id: number, name: T) => ({ id, tables: name }) as const;
/** Contents of a tensor: they start at multiples of 16 bytes. */
const contents = (id: number) => ({ id, bytes: 16 }) as const;

const activation = scalar(0, 'int8');
const window = { padding: scalar(0, 'int8'), strideW: scalar(1, 'int32'), strideH: scalar(2, 'int32') };

/** Options of operators, with their number in the union of options. */
export const options = {
  Conv2DOptions: {
    code: 1,
    fields: {
      ...window,
      activation: scalar(3, 'int8'),
      dilationW: scalar(4, 'int32', 1),
      dilationH: scalar(5, 'int32', 1),
      biasType: scalar(6, 'int8'),
    },
  },
  DepthwiseConv2DOptions: {
    code: 2,
    fields: {
      ...window,
      depthMultiplier: scalar(3, 'int32'),
      activation: scalar(4, 'int8'),
      dilationW: scalar(5, 'int32', 1),
      dilationH: scalar(6, 'int32', 1),
    },
  },
  Pool2DOptions: {
    code: 5,
    fields: { ...window, filterW: scalar(3, 'int32'), filterH: scalar(4, 'int32'), activation: scalar(5, 'int8') },
  },
  FullyConnectedOptions: {
    code: 8,
    fields: { activation, weightsFormat: scalar(1, 'int8'), keepDims: scalar(2, 'bool'), asymmetric: scalar(3, 'bool') },
  },
  SoftmaxOptions: { code: 9, fields: { beta: scalar(0, 'float32') } },
  ConcatenationOptions: { code: 10, fields: { axis: scalar(0, 'int32'), activation: scalar(1, 'int8') } },
  AddOptions: { code: 11, fields: { activation } },
  L2NormOptions: { code: 12, fields: { activation } },
  ResizeBilinearOptions: { code: 15, fields: { alignCorners: scalar(2, 'bool'), halfPixel: scalar(3, 'bool') } },
  ReshapeOptions: { code: 17, fields: { shape: vector(0, 'int32') } },
  SpaceToDepthOptions: { code: 19, fields: { block: scalar(0, 'int32') } },
  MulOptions: { code: 21, fields: { activation } },
  PadOptions: { code: 22, fields: {} },
  GatherOptions: { code: 23, fields: { axis: scalar(0, 'int32'), batchDims: scalar(1, 'int32') } },
  TransposeOptions: { code: 26, fields: {} },
  ReducerOptions: { code: 27, fields: { keepDims: scalar(0, 'bool') } },
  SubOptions: { code: 28, fields: { activation } },
  DivOptions: { code: 29, fields: { activation } },
  SqueezeOptions: { code: 30, fields: { axes: vector(0, 'int32') } },
  StridedSliceOptions: {
    code: 32,
    fields: {
      beginMask: scalar(0, 'int32'),
      endMask: scalar(1, 'int32'),
      ellipsisMask: scalar(2, 'int32'),
      newAxisMask: scalar(3, 'int32'),
      shrinkMask: scalar(4, 'int32'),
      offset: scalar(5, 'bool'),
    },
  },
  ExpOptions: { code: 33, fields: {} },
  LogSoftmaxOptions: { code: 36, fields: {} },
  CastOptions: { code: 37, fields: { from: scalar(0, 'int8'), to: scalar(1, 'int8') } },
  DequantizeOptions: { code: 38, fields: {} },
  MaximumMinimumOptions: { code: 39, fields: {} },
  ArgMaxOptions: { code: 40, fields: { type: scalar(0, 'int8') } },
  LessOptions: { code: 41, fields: {} },
  NegOptions: { code: 42, fields: {} },
  PadV2Options: { code: 43, fields: {} },
  GreaterOptions: { code: 44, fields: {} },
  GreaterEqualOptions: { code: 45, fields: {} },
  LessEqualOptions: { code: 46, fields: {} },
  TransposeConvOptions: { code: 49, fields: { ...window, activation: scalar(3, 'int8'), biasType: scalar(4, 'int8') } },
  TileOptions: { code: 51, fields: {} },
  EqualOptions: { code: 53, fields: {} },
  NotEqualOptions: { code: 54, fields: {} },
  PowOptions: { code: 56, fields: {} },
  ArgMinOptions: { code: 57, fields: { type: scalar(0, 'int8') } },
  PackOptions: { code: 59, fields: { count: scalar(0, 'int32'), axis: scalar(1, 'int32') } },
  LogicalOrOptions: { code: 60, fields: {} },
  LogicalAndOptions: { code: 62, fields: {} },
  LogicalNotOptions: { code: 63, fields: {} },
  UnpackOptions: { code: 64, fields: { count: scalar(0, 'int32'), axis: scalar(1, 'int32') } },
  ResizeNearestNeighborOptions: { code: 74, fields: { alignCorners: scalar(0, 'bool'), halfPixel: scalar(1, 'bool') } },
  LeakyReluOptions: { code: 75, fields: { alpha: scalar(0, 'float32') } },
  MirrorPadOptions: { code: 77, fields: { mode: scalar(0, 'int8') } },
  SplitVOptions: { code: 79, fields: { parts: scalar(0, 'int32') } },
  QuantizeOptions: { code: 89, fields: {} },
  HardSwishOptions: { code: 91, fields: {} },
  DepthToSpaceOptions: { code: 94, fields: { block: scalar(0, 'int32') } },
  SelectV2Options: { code: 98, fields: {} },
  BatchMatMulOptions: { code: 101, fields: { adjointX: scalar(0, 'bool'), adjointY: scalar(1, 'bool'), asymmetric: scalar(2, 'bool') } },
  BroadcastToOptions: { code: 104, fields: {} },
  GeluOptions: { code: 116, fields: { approximate: scalar(0, 'bool') } },
} as const satisfies Readonly<Record<string, { code: number; fields: Readonly<Record<string, Field>> }>>;

export type OptionsName = keyof typeof options;

export const schema = {
  Model: {
    version: scalar(0, 'uint32'),
    operatorCodes: tables(1, 'OperatorCode'),
    subgraphs: tables(2, 'SubGraph'),
    description: text(3),
    buffers: tables(4, 'Buffer'),
    metadata: tables(6, 'Metadata'),
  },
  OperatorCode: {
    oldCode: scalar(0, 'int8'),
    custom: text(1),
    version: scalar(2, 'int32', 1),
    code: scalar(3, 'int32'),
  },
  SubGraph: {
    tensors: tables(0, 'Tensor'),
    inputs: vector(1, 'int32'),
    outputs: vector(2, 'int32'),
    operators: tables(3, 'Operator'),
    name: text(4),
  },
  Tensor: {
    shape: vector(0, 'int32'),
    type: scalar(1, 'int8'),
    buffer: scalar(2, 'uint32'),
    name: text(3),
    quantization: table(4, 'Quantization'),
    isVariable: scalar(5, 'bool'),
    sparsity: table(6, 'Sparsity'),
    signature: vector(7, 'int32'),
    hasRank: scalar(8, 'bool'),
  },
  Quantization: {
    scale: vector(2, 'float32'),
    zeroPoint: vector(3, 'int64'),
    detailsType: scalar(4, 'uint8'),
    axis: scalar(6, 'int32'),
  },
  /** Weights with zeros left out. They are refused, so that nothing more of them is read. */
  Sparsity: { order: vector(0, 'int32') },
  Operator: {
    codeIndex: scalar(0, 'uint32'),
    inputs: vector(1, 'int32'),
    outputs: vector(2, 'int32'),
    optionsType: scalar(3, 'uint8'),
    /** Read once the operator is known: see `options`. */
    options: { id: 4, table: '' },
  },
  Buffer: { data: contents(0), offset: scalar(1, 'uint64'), size: scalar(2, 'uint64') },
  Metadata: { name: text(0), buffer: scalar(1, 'uint32') },
} as const satisfies Readonly<Record<string, Readonly<Record<string, Field>>>>;

export type TableName = keyof typeof schema;

type Fields = Readonly<Record<string, Field>>;
type Value<F> = F extends { scalar: 'bool' }
  ? boolean
  : F extends { scalar: Scalar }
    ? number
    : F extends { text: true }
      ? string | undefined
      : F extends { bytes: 16 }
        ? Uint8Array | undefined
        : F extends { vector: Scalar }
          ? number[] | undefined
          : F extends { table: infer T }
            ? T extends TableName
              ? Record_<T> | undefined
              : number | undefined
            : F extends { tables: infer T }
              ? T extends TableName
                ? Record_<T>[] | undefined
                : never
              : never;
type Record_<T extends TableName> = Contents<(typeof schema)[T]>;

/** What a table of these fields holds. */
export type Contents<F extends Fields> = { [K in keyof F]: Value<F[K]> };
export type ModelTable = Contents<(typeof schema)['Model']>;
export type TensorTable = Contents<(typeof schema)['Tensor']>;
export type OperatorTable = Contents<(typeof schema)['Operator']>;
export type OptionsOf<N extends OptionsName> = Contents<(typeof options)[N]['fields']>;
