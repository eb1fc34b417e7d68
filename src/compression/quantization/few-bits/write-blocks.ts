import { codeOf, type Graph, type GraphBuilder, type Model, Tensor, type Value } from '../../../onnx/index.js';
import { typedBuilder } from '../../../ops/index.js';
import { type Bits, type Blocked, blocksOf, type Rows } from './block-grid.js';
import type { Reading, Site } from './sites.js';

/**
 * Puts blocked weights in the place of float ones. Names are short: in a small file they weigh more than the bits that are saved. Types of two bits, and look-ups
 * of four, are not read everywhere: they are shifted and masked in the graph.
 */
export class BlockWriter {
  readonly #model: Model;
  readonly #builders = new Map<Graph, GraphBuilder>();

  constructor(model: Model) {
    this.#model = model;
  }

  write(site: Site, blocked: Blocked): void {
    if (site.reading === 'product') this.#product(site, blocked);
    else if (site.reading === 'table') this.#table(site, blocked);
    else this.#unpacked(site, blocked);
  }

  /** ONNX Runtime's product of float inputs and packed weights [outputs, blocks, bytes], low bits first. */
  #product({ place, uses: [{ node }], weight: { rows, columns } }: Site, { grid, integers }: Blocked): void {
    const { opsets } = this.#model;
    const { bits, blockSize, scales, zeros } = grid;
    const build = this.#builder(place);
    const blocks = blocksOf(columns, blockSize);
    const bytes = pack(padRows(integers, rows, columns, blocks * blockSize), bits);
    const perByte = 8 / bits;
    const zeroWidth = Math.ceil(blocks / perByte) * perByte;
    const inputs = [
      constant(place, 'w', Tensor.of('uint8', [rows, blocks, (blockSize * bits) / 8], bytes)),
      constant(place, 's', Tensor.of('float32', [rows, blocks], scales)),
      constant(place, 'z', Tensor.of('uint8', [rows, zeroWidth / perByte], pack(padRows(zeros, rows, blocks, zeroWidth), bits))),
    ];
    opsets.set('com.microsoft', opsets.get('com.microsoft') ?? 1);
    const attributes = { K: columns, N: rows, bits, block_size: blockSize };
    const made = build.op('MatMulNBits', [node.inputs[0] as Value, ...inputs], attributes, 'com.microsoft');
    const bias = node.inputs[2];
    const result = bias ? build.op('Add', [made, bias]) : made;
    place.replace(node.outputs[0] as Value, result);
    place.remove(node);
  }

  /** Written out, because ONNX Runtime computes this once, when it loads the model, and a DequantizeLinear at each run. */
  #unpacked({ place, uses, shape, weight: { rows, columns } }: Site, { grid, integers }: Blocked): void {
    const build = this.#builder(place);
    const { bits, blockSize, scales, zeros } = grid;
    const blocks = blocksOf(columns, blockSize);
    const padded = blocks * blockSize;
    // One block for each index of the first axis needs no other shape than the weight's.
    const whole = blockSize === columns && rows === shape[0];
    const within = whole ? shape : [rows, blocks, blockSize];
    const along = whole ? shape.map((size, axis) => (axis === 0 ? size : 1)) : [rows, blocks, 1];
    const all = padRows(integers, rows, columns, padded);
    const packed = bits === 4 ? constant(place, 'w', Tensor.from('uint4', within, all)) : spread(build, place, all, within);
    const scale = constant(place, 's', Tensor.of('float32', along, scales));
    const restored = build.op('Mul', [build.op('Sub', [real(build, packed), zeroOf(build, place, zeros, along)]), scale]);
    const flat = padded === columns ? restored : cut(build, build.op('Reshape', [restored, build.ints([rows, padded])]), columns, 1);
    const result = whole ? flat : build.op('Reshape', [flat, build.ints(shape)]);
    for (const { node, index } of uses) node.setInput(index, result);
  }

  /** Rows, their scales and zero points are looked up, and unpacked: only what was found is ever a float. */
  #table({ place, uses, weight: { rows, columns } }: Site, { grid, integers }: Blocked): void {
    const { bits, blockSize, scales, zeros } = grid;
    const blocks = blocksOf(columns, blockSize);
    const padded = blocks * blockSize;
    const bytes = pack(padRows(integers, rows, columns, padded), bits);
    const parts = [
      constant(place, 'w', Tensor.of('uint8', [rows, bytes.length / rows, 1], bytes)),
      constant(place, 's', Tensor.of('float32', [rows, blocks, 1], scales)),
      constant(place, 'z', Tensor.of('uint8', [rows, blocks, 1], zeros)),
    ];
    for (const { node } of uses) {
      const graph = node.graph as Graph;
      const build = this.#builder(graph);
      const [, indices] = node.inputs as Value[];
      const [found] = node.outputs as Value[];
      const kept = (indices.shape ?? []).map(() => 0);
      const [packed, scale, zero] = parts.map((part) => build.op('Gather', [part, indices], { axis: 0 }));
      const integersFound = build.op('Reshape', [shifted(build, packed, bits), build.ints([...kept, blocks, blockSize])]);
      const values = build.op('Mul', [build.op('Sub', [real(build, integersFound), real(build, zero)]), scale]);
      const flat = build.op('Reshape', [values, build.ints([...kept, padded])]);
      graph.replace(found, padded === columns ? flat : cut(build, flat, columns, kept.length));
      graph.remove(node);
    }
  }

  #builder(graph: Graph): GraphBuilder {
    const known = this.#builders.get(graph) ?? typedBuilder(graph, this.#model.opsets);
    this.#builders.set(graph, known);
    return known;
  }
}

/** The integers in bytes [..., 1], low bits first, along the last axis. */
function shifted(build: GraphBuilder, packed: Value, bits: Bits): Value {
  const places = Array.from({ length: 8 / bits }, (_, i) => i * bits);
  const moved = build.op('BitShift', [packed, build.ints(places, 'uint8')], { direction: 'RIGHT' });
  return build.op('BitwiseAnd', [moved, build.scalar(2 ** bits - 1, 'uint8')]);
}

/** Integers of two bits as bytes, of the given shape. */
function spread(build: GraphBuilder, place: Graph, integers: Uint8Array, shape: readonly number[]): Value {
  const bytes = pack(integers, 2);
  const all = shifted(build, constant(place, 'w', Tensor.of('uint8', [bytes.length, 1], bytes)), 2);
  if (bytes.length * 4 === integers.length) return build.op('Reshape', [all, build.ints(shape)]);
  return build.op('Reshape', [cut(build, build.op('Reshape', [all, build.ints([-1])]), integers.length, 0), build.ints(shape)]);
}

/** Zero points as floats: a single number where all are the same. */
function zeroOf(build: GraphBuilder, place: Graph, zeros: Uint8Array, shape: readonly number[]): Value {
  if (zeros.every((zero) => zero === zeros[0])) return build.scalar(zeros[0]);
  return real(build, constant(place, 'z', Tensor.of('uint8', shape, zeros)));
}

function real(build: GraphBuilder, value: Value): Value {
  return build.op('Cast', [value], { to: codeOf('float32') });
}

/** The first so many along an axis. */
function cut(build: GraphBuilder, value: Value, count: number, axis: number): Value {
  return build.op('Slice', [value, build.ints([0]), build.ints([count]), build.ints([axis])]);
}

function constant(graph: Graph, name: string, tensor: Tensor): Value {
  return graph.addInitializer(graph.freshName(name), tensor);
}

/** Bytes of the nodes and names that go with a weight, about. */
const AROUND: Readonly<Record<Reading, Readonly<Record<Bits, number>>>> = {
  product: { 4: 220, 2: 220 },
  unpacked: { 4: 300, 2: 450 },
  table: { 4: 900, 2: 900 },
};

/** Bytes that a blocked weight takes in a file, about. */
export function bytesOf({ rows, columns }: Rows, bits: Bits, blockSize: number, reading: Reading): number {
  const blocks = blocksOf(columns, blockSize);
  const zero = reading === 'product' ? bits : 8;
  return Math.ceil((rows * blocks * blockSize * bits) / 8) + rows * (blocks * 4 + Math.ceil((blocks * zero) / 8)) + AROUND[reading][bits];
}

/** Rows with zeros behind them. */
function padRows(values: Uint8Array, rows: number, columns: number, width: number): Uint8Array {
  if (columns === width) return values;
  const padded = new Uint8Array(rows * width);
  for (let row = 0; row < rows; row++) padded.set(values.subarray(row * columns, (row + 1) * columns), row * width);
  return padded;
}

/** Several integers to a byte, the first in the lowest bits. */
function pack(values: Uint8Array, bits: number): Uint8Array {
  const perByte = 8 / bits;
  const bytes = new Uint8Array(Math.ceil(values.length / perByte));
  values.forEach((value, i) => {
    bytes[Math.floor(i / perByte)] |= value << ((i % perByte) * bits);
  });
  return bytes;
}

/** Factor by which blocks may be larger or smaller than was asked for, where a row is then divided evenly. */
const STRETCH = 2;

/** The size of blocks that a reading takes: products and tables as asked for, others what divides their rows and is near. */
export function blockSizeFor({ columns }: Rows, reading: Reading, wished: number): number {
  if (reading !== 'unpacked') return wished;
  if (columns <= STRETCH * wished) return columns;
  for (let stretch = 0; stretch <= wished; stretch++) {
    for (const size of [wished + stretch, wished - stretch]) if (size >= wished / STRETCH && columns % size === 0) return size;
  }
  return wished;
}
