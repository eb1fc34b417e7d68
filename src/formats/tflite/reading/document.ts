import { FormatError, MOST_DIMENSIONS, sizeOf, UnsupportedError } from '../../../base/index.js';
import { byteLengthOf, type DataType, Tensor } from '../../../onnx/index.js';
import { typeOfCode } from '../types.js';
import { BUILTINS, type Builtin } from '../wire/builtins.js';
import { FlatReader } from '../wire/decode.js';
import type { ModelTable, OperatorTable, TensorTable } from '../wire/schema.js';

/** Scales that say what integers stand for: value = scale · (integer − zero point). One of each, or one for each place along `axis`. */
export interface Grid {
  readonly scale: readonly number[];
  readonly zeroPoint: readonly number[];
  readonly axis: number;
}

/** A tensor of the file, checked. */
export interface TensorInfo {
  readonly index: number;
  readonly name: string;
  readonly dtype: DataType;
  /** Sizes; -1 where the file leaves it open. Undefined where even the rank is open. */
  readonly shape: readonly number[] | undefined;
  readonly grid?: Grid;
  /** Contents, where they are constant. */
  readonly contents?: Tensor;
}

/** An operator of the file, checked. */
export interface OperatorInfo {
  /** Undefined where its number is none of those that are known. */
  readonly name: Builtin | undefined;
  /** For messages. */
  readonly where: string;
  readonly version: number;
  readonly inputs: readonly (TensorInfo | undefined)[];
  readonly outputs: readonly TensorInfo[];
  readonly table: OperatorTable;
}

/** What a file says, checked against itself. */
export interface Document {
  readonly reader: FlatReader;
  readonly name: string;
  readonly description: string;
  readonly inputs: readonly TensorInfo[];
  readonly outputs: readonly TensorInfo[];
  readonly operators: readonly OperatorInfo[];
  /** Texts about the model, as Espalier keeps them. */
  readonly notes: ReadonlyMap<string, string>;
}

/** The number of operators that are not built in, and the one from which numbers have a field of their own. */
const CUSTOM = 32;
const NEW_CODES = 127;

/**
 * Reads a file's main graph and checks that it holds together.
 * @throws FormatError where it is damaged or contradicts itself; UnsupportedError for what it may say and is not read: operators of its own, sparse tensors,
 *   variables, unknown element types.
 */
export function readDocument(bytes: Uint8Array): Document {
  const reader = new FlatReader(bytes);
  const model = reader.model();
  if (model.version !== 3)
    throw new UnsupportedError({ what: 'The file has another version of the schema', expected: '3', got: String(model.version) });
  const graph = model.subgraphs?.[0];
  if (!graph) throw new FormatError({ what: 'The file holds no graph' });
  const contents = new Contents(reader, model);
  const infos: (TensorInfo | undefined)[] = [];
  const tensor = (index: number, where: string): TensorInfo => {
    const table = graph.tensors?.[index];
    if (!table)
      throw new FormatError({
        what: 'There is no such tensor',
        where,
        expected: `0 to ${(graph.tensors?.length ?? 0) - 1}`,
        got: `${index}`,
      });
    infos[index] ??= tensorInfo(table, index, contents);
    return infos[index];
  };
  const operators = (graph.operators ?? []).map((table, index): OperatorInfo => {
    const { code, version, where } = operatorCode(model, table, index);
    const inputs = (table.inputs ?? []).map((each) => (each === -1 ? undefined : tensor(each, where)));
    const outputs = (table.outputs ?? []).map((each) => tensor(each, where));
    const name: Builtin | undefined = BUILTINS[code];
    return { name, where: `${where}, ${name ?? `number ${code}`} "${outputs[0]?.name ?? ''}"`, version, inputs, outputs, table };
  });
  return {
    reader,
    name: graph.name ?? '',
    description: model.description ?? '',
    inputs: (graph.inputs ?? []).map((each) => tensor(each, "the graph's inputs")),
    outputs: (graph.outputs ?? []).map((each) => tensor(each, "the graph's outputs")),
    operators,
    notes: new Map(notesOf(model, contents)),
  };
}

/** Other programs keep bytes of all kinds there. */
function notesOf(model: ModelTable, contents: Contents): [string, string][] {
  const own = (model.metadata ?? []).filter(({ name }) => name?.startsWith('espalier.'));
  return own.map(({ name, buffer }) => [name ?? '', new TextDecoder().decode(contents.of(buffer, `note "${name}"`))]);
}

function operatorCode(model: ModelTable, table: OperatorTable, index: number) {
  const found = model.operatorCodes?.[table.codeIndex];
  const where = `operator ${index}`;
  if (!found)
    throw new FormatError({
      what: 'There is no such operator code',
      where,
      expected: `0 to ${(model.operatorCodes?.length ?? 0) - 1}`,
      got: `${table.codeIndex}`,
    });
  // Files from before there were more than 127 operators have the old field only; later ones have both.
  const code = found.oldCode < NEW_CODES && found.code < found.oldCode ? found.oldCode : found.code;
  if (code === CUSTOM || found.custom)
    throw new UnsupportedError({
      what: `The operator is not one of TensorFlow Lite's built-in ones, and only these are read`,
      where: `${where}, custom operator "${found.custom ?? ''}"`,
      fix: 'Convert the model again with built-in operators only (TFLITE_BUILTINS).',
    });
  return { code, version: found.version, where };
}

function tensorInfo(table: TensorTable, index: number, contents: Contents): TensorInfo {
  const name = table.name ?? '';
  const where = `tensor ${index} "${name}"`;
  const type = typeOfCode(table.type);
  if ('unknown' in type) throw new UnsupportedError({ what: `The element type ${type.unknown} is not read`, where });
  if (table.sparsity)
    throw new UnsupportedError({
      what: 'Tensors stored without their zeros are not read',
      where,
      fix: 'Convert the model again without sparsity.',
    });
  if (table.isVariable)
    throw new UnsupportedError({
      what: 'A tensor that keeps its value between runs is not read',
      where,
      fix: 'Convert the model with its state as an input and an output.',
    });
  const sizes = table.shape ?? [];
  if (sizes.length > MOST_DIMENSIONS || sizes.some((size) => size < 0))
    throw new FormatError({
      what: 'The shape cannot be',
      where,
      expected: `at most ${MOST_DIMENSIONS} sizes of 0 or more`,
      got: `[${sizes.slice(0, 16)}]`,
    });
  const open = table.signature;
  if (open && open.length > 0 && (open.length !== sizes.length || open.some((size) => size < -1)))
    throw new FormatError({
      what: 'The shape and its signature do not fit together',
      where,
      expected: `[${sizes}]`,
      got: `[${open.slice(0, 16)}]`,
    });
  const { dtype } = type;
  const data = contents.of(table.buffer, where);
  const grid = gridOf(table, sizes, where);
  if (data.length === 0 && sizeOf(sizes) > 0) return { index, name, dtype, shape: open && open.length > 0 ? open : sizes, grid };
  if (dtype === 'string') throw new UnsupportedError({ what: 'Constant texts are not read', where });
  const expected = byteLengthOf(dtype, sizeOf(sizes));
  if (data.length !== expected)
    throw new FormatError({
      what: `The contents do not fill a ${dtype} tensor of shape [${sizes}]`,
      where,
      expected: `${expected} bytes`,
      got: `${data.length}`,
    });
  return { index, name, dtype, shape: sizes, grid, contents: new Tensor(dtype, sizes, data) };
}

function gridOf({ quantization }: TensorTable, shape: readonly number[], where: string): Grid | undefined {
  const { scale = [], zeroPoint = [], axis = 0, detailsType = 0 } = quantization ?? {};
  if (detailsType !== 0) throw new UnsupportedError({ what: 'Quantization of another kind than by scales is not read', where });
  if (scale.length === 0) return undefined;
  const bad = (what: string, expected: string, got: string) => new FormatError({ what, where, expected, got });
  if (zeroPoint.length !== scale.length && zeroPoint.length > 1)
    throw bad('There are not as many zero points as scales', `${scale.length}`, `${zeroPoint.length}`);
  if (scale.length > 1 && shape[axis] !== scale.length)
    throw bad(`The scales do not fit axis ${axis} of the shape [${shape}]`, `${shape[axis] ?? 'an axis that there is'}`, `${scale.length}`);
  if (scale.some((each) => !(each >= 0 && each < Number.POSITIVE_INFINITY)))
    throw bad('A scale cannot be', 'a number of 0 or more', `${scale.find((each) => !(each >= 0))}`);
  if (zeroPoint.some((each) => Math.abs(each) > 2 ** 16))
    throw bad('A zero point cannot be', 'one of the integers of its type', `${zeroPoint.find((each) => Math.abs(each) > 2 ** 16)}`);
  return { scale, zeroPoint: zeroPoint.length === scale.length ? zeroPoint : scale.map(() => zeroPoint[0] ?? 0), axis };
}

/** Bytes of the file's buffers, by their numbers. */
class Contents {
  readonly #reader: FlatReader;
  readonly #model: ModelTable;

  constructor(reader: FlatReader, model: ModelTable) {
    this.#reader = reader;
    this.#model = model;
  }

  of(index: number, where: string): Uint8Array {
    if (index === 0) return new Uint8Array(0);
    const buffer = this.#model.buffers?.[index];
    if (!buffer)
      throw new FormatError({
        what: 'There is no such buffer',
        where,
        expected: `0 to ${(this.#model.buffers?.length ?? 0) - 1}`,
        got: `${index}`,
      });
    return buffer.offset > 1 ? this.#reader.range(buffer.offset, buffer.size) : (buffer.data ?? new Uint8Array(0));
  }
}
