import { FormatError } from '../../../base/index.js';
import { type DataType, type Dim, type GraphBuilder, SymbolicDim, Tensor, type Value } from '../../../onnx/index.js';
import { channelsLast, channelsSecond, keepsOrder, type Layout, permuted } from '../layout.js';
import type { Grid, TensorInfo } from './document.js';

type Forms = Partial<Record<Layout, Value>>;

/** What of one tensor is in the graph so far. */
interface Known {
  /** The numbers as the file's kernels hand them on: integers where the tensor has a grid. */
  stored: Forms;
  /** What they stand for. */
  real: Forms;
}

/**
 * The values of a graph that is being read, by the file's tensors. Each may be there with its channels last, as in the file ("own"), and second, as ONNX's
 * operators want them ("other"); and as integers and as what these stand for. Forms are made when they are asked for, each once.
 */
export class ReadValues {
  readonly build: GraphBuilder;
  readonly #known = new Map<TensorInfo, Known>();
  /** Tensors that hold what others stand for, and these. */
  readonly #sources = new Map<TensorInfo, TensorInfo>();

  readonly #outside: ReadonlySet<TensorInfo>;

  /** @param outside tensors that callers get: their types stay. */
  constructor(build: GraphBuilder, outside: readonly TensorInfo[]) {
    this.build = build;
    this.#outside = new Set(outside);
  }

  /** Says that a tensor holds a value: integers where it has a grid. */
  store(info: TensorInfo, value: Value, layout: Layout): void {
    this.#of(info, true).stored[layout] = value;
    if (!isGridded(info)) this.#of(info).real[layout] = value;
  }

  /** Says that a tensor holds what another one stands for, so that weights find the constant. */
  alias(info: TensorInfo, source: TensorInfo): void {
    const first = this.#sources.get(source) ?? source;
    if (first === info) throw new FormatError({ what: 'A tensor follows from itself', where: `tensor ${info.index} "${info.name}"` });
    this.#sources.set(info, first);
  }

  /** The constant behind a tensor: its own, or the one of which it is the dequantized form. */
  constantOf(info: TensorInfo): TensorInfo | undefined {
    const source = this.#sources.get(info);
    if (source) return this.constantOf(source);
    return info.contents && !this.#known.get(info)?.stored.own ? info : undefined;
  }

  /** Whether a tensor's channels come second in the graph already. */
  prefersOther(info: TensorInfo): boolean {
    const known = this.#known.get(info);
    return known !== undefined && known.stored.other !== undefined && known.stored.own === undefined;
  }

  /** What a tensor holds, as it is stored. */
  stored(info: TensorInfo, layout: Layout = 'own'): Value {
    const source = this.#sources.get(info);
    if (source) return this.real(source, layout);
    const known = this.#of(info);
    const made = known.stored[layout];
    if (made) return made;
    const other = known.stored[layout === 'own' ? 'other' : 'own'];
    const rank = info.shape?.length ?? 0;
    const order = layout === 'own' ? channelsLast(rank) : channelsSecond(rank);
    if (other) known.stored[layout] = rank < 3 ? other : this.build.op('Transpose', [other], { perm: order });
    else if (info.contents)
      known.stored[layout] = this.build.constant(rank < 3 || layout === 'own' ? info.contents : permuted(info.contents, order));
    else throw new FormatError({ what: 'A tensor is read before anything makes it', where: `tensor ${info.index} "${info.name}"` });
    return known.stored[layout] as Value;
  }

  /** What a tensor's numbers stand for. Whoever reads integers dequantizes them anew: runtimes fuse a layer with what is its own. */
  real(info: TensorInfo, layout: Layout = 'own'): Value {
    const source = this.#sources.get(info);
    if (source) return this.real(source, layout);
    const known = this.#of(info);
    if (isGridded(info) && !info.contents) return this.#real(info, this.stored(info, layout), layout);
    known.real[layout] ??= this.#real(info, this.stored(info, layout), layout);
    return known.real[layout] as Value;
  }

  #real(info: TensorInfo, stored: Value, layout: Layout): Value {
    if (info.dtype === 'float16' && info.contents) return this.build.op('Cast', [stored], { to: 1 });
    if (!isGridded(info)) return stored;
    const rank = info.shape?.length ?? 0;
    const axis = layout === 'own' || rank < 3 ? info.grid.axis : channelsSecond(rank).indexOf(info.grid.axis);
    const dtype = stored.dtype ?? info.dtype;
    const grid = dtype === info.dtype ? info.grid : shifted(info.grid);
    const real = this.dequantized(stored, grid, dtype, axis);
    return dtype === 'int8' && grid.scale.length === 1 ? this.#unsigned(real, info.grid) : real;
  }

  /** Numbers that come in signed integers from outside, in unsigned ones. */
  #unsigned(real: Value, grid: Grid): Value {
    const { scale, zeroPoint } = shifted(grid);
    const parameters = [this.build.scalar(scale[0]), this.build.scalar(zeroPoint[0], 'uint8')];
    return this.build.op('DequantizeLinear', [this.build.op('QuantizeLinear', [real, ...parameters]), ...parameters]);
  }

  /** What integers on a grid stand for. */
  dequantized(stored: Value, { scale, zeroPoint }: Grid, dtype: DataType, axis: number): Value {
    const shape = scale.length === 1 ? [] : [scale.length];
    const scales = this.build.constant(Tensor.from('float32', shape, scale));
    const zeros = dtype === 'int32' ? undefined : this.build.constant(Tensor.from(dtype, shape, zeroPoint));
    return this.build.op('DequantizeLinear', [stored, scales, zeros], scale.length === 1 ? {} : { axis });
  }

  /**
   * Stores what numbers become on a tensor's grid; the numbers themselves where it has none. Signed integers of 8 bits that stay inside the graph are written as unsigned
   * ones, each 128 more, which stand for the same: ONNX Runtime has faster and exact integer kernels for these alone on x86.
   */
  quantize(info: TensorInfo, value: Value, layout: Layout): void {
    if (!isGridded(info)) {
      this.store(info, value, layout);
      return;
    }
    const { scale, zeroPoint } = info.grid;
    if (scale.length !== 1)
      throw new FormatError({ what: 'A computed tensor has a scale for each channel', where: `tensor ${info.index} "${info.name}"` });
    const isInner = info.dtype === 'int8' && !this.#outside.has(info);
    const zero = isInner ? this.build.scalar(zeroPoint[0] + 128, 'uint8') : this.build.scalar(zeroPoint[0], info.dtype);
    this.store(info, this.build.op('QuantizeLinear', [value, this.build.scalar(scale[0]), zero]), layout);
  }

  #of(info: TensorInfo, isNew = false): Known {
    const known = (!isNew && this.#known.get(info)) || { stored: {}, real: {} };
    this.#known.set(info, known);
    return known;
  }
}

/** Whether a tensor holds integers that stand for other numbers. Indices and sizes have no grid, or are in types that are never quantized. */
export function isGridded(info: TensorInfo): info is TensorInfo & { grid: Grid } {
  return info.grid !== undefined && /^u?int(4|8|16)$|^int32$/.test(info.dtype);
}

/** The shape of a tensor with channels in another place, or as it is; open sizes are named after the input. */
export function dimsOf(info: TensorInfo): Dim[] {
  return (info.shape ?? []).map((size, axis) => (size >= 0 ? size : SymbolicDim.named(axis === 0 ? 'batch' : `${info.name}_${axis}`)));
}

/** Whether a tensor's numbers are in the same order with its channels second. */
export function isOrderless({ shape }: TensorInfo): boolean {
  if (!shape?.every((size, axis) => axis === 0 || size > 0)) return false;
  return keepsOrder(shape, channelsSecond(shape.length));
}

/** The grid of integers that are 128 more. */
function shifted(grid: Grid): Grid {
  return { ...grid, zeroPoint: grid.zeroPoint.map((zero) => zero + 128) };
}
