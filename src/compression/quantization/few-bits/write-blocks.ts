import { sizeOf } from '../../../base/index.js';
import { type GraphBuilder, type Model, type Node, Tensor, type Value } from '../../../onnx/index.js';
import { typedBuilder } from '../../../ops/index.js';
import type { WeightMatrix } from '../../matrices.js';
import { type Blocked, blocksOf, type Rows } from './block-grid.js';

/** Puts a layer's blocked weight in the place of its float one. Products become MatMulNBits; others read a weight that is unpacked in the graph. */
export class BlockWriter {
  readonly #model: Model;
  readonly #build: GraphBuilder;

  constructor(model: Model) {
    this.#model = model;
    this.#build = typedBuilder(model.graph, model.opsets);
  }

  layer(matrix: WeightMatrix, weight: Rows, blocked: Blocked): void {
    if (isProduct(matrix.node)) this.#product(matrix, weight, blocked);
    else this.#unpacked(matrix, weight, blocked);
  }

  /** ONNX Runtime's product of float inputs and packed weights [outputs, blocks, bytes], low bits first. */
  #product({ node, name }: WeightMatrix, { rows, columns }: Rows, { grid, integers }: Blocked): void {
    const { graph, opsets } = this.#model;
    const { bits, blockSize, scales, zeros } = grid;
    const blocks = blocksOf(columns, blockSize);
    const padded = blocks * blockSize;
    const bytes = pack(padRows(integers, rows, columns, padded), bits);
    const perByte = 8 / bits;
    const zeroWidth = Math.ceil(blocks / perByte) * perByte;
    const inputs = [
      this.#constant(`${name}.packed`, Tensor.of('uint8', [rows, blocks, (blockSize * bits) / 8], bytes)),
      this.#constant(`${name}.scales`, Tensor.of('float32', [rows, blocks], scales)),
      this.#constant(`${name}.zeros`, Tensor.of('uint8', [rows, zeroWidth / perByte], pack(padRows(zeros, rows, blocks, zeroWidth), bits))),
    ];
    opsets.set('com.microsoft', opsets.get('com.microsoft') ?? 1);
    const attributes = { K: columns, N: rows, bits, block_size: blockSize };
    const made = this.#build.op('MatMulNBits', [node.inputs[0] as Value, ...inputs], attributes, 'com.microsoft');
    const bias = node.inputs[2];
    const result = bias ? this.#build.op('Add', [made, bias]) : made;
    graph.replace(node.outputs[0] as Value, result);
    graph.remove(node);
  }

  #unpacked({ node, name }: WeightMatrix, { rows, columns }: Rows, { grid, integers }: Blocked): void {
    const build = this.#build;
    const { bits, blockSize, scales, zeros } = grid;
    const blocks = blocksOf(columns, blockSize);
    const index = node.inputs.findIndex((input) => input?.name === name);
    const shape = node.inputs[index]?.constant?.shape as number[];
    const scale = this.#constant(`${name}.scales`, Tensor.of('float32', [rows, blocks], scales));
    const type = bits === 4 ? 'uint4' : 'uint8';
    const zero = this.#constant(`${name}.zeros`, Tensor.from(type, [rows, blocks], zeros));
    const packed =
      bits === 4
        ? this.#constant(`${name}.packed`, Tensor.from('uint4', [rows, columns], integers))
        : this.#unpackPairs(name, integers, rows, columns);
    const whole = build.op('DequantizeLinear', [packed, scale, zero], { axis: 1, block_size: blockSize });
    node.setInput(index, build.op('Reshape', [whole, build.ints(shape)]));
  }

  /** No type of two bits is read everywhere: four to a byte, shifted and masked in the graph, which a runtime does once, when it loads. */
  #unpackPairs(name: string, integers: Uint8Array, rows: number, columns: number): Value {
    const build = this.#build;
    const padded = Math.ceil(columns / 4) * 4;
    const bytes = pack(padRows(integers, rows, columns, padded), 2);
    const packed = this.#constant(`${name}.packed`, Tensor.of('uint8', [rows, padded / 4, 1], bytes));
    const shifted = build.op('BitShift', [packed, build.ints([0, 2, 4, 6], 'uint8')], { direction: 'RIGHT' });
    const flat = build.op('Reshape', [build.op('BitwiseAnd', [shifted, build.scalar(3, 'uint8')]), build.ints([rows, padded])]);
    return padded === columns ? flat : build.op('Slice', [flat, build.ints([0]), build.ints([columns]), build.ints([1])]);
  }

  #constant(name: string, tensor: Tensor): Value {
    return this.#model.graph.addInitializer(this.#model.graph.freshName(name), tensor);
  }
}

/** Whether MatMulNBits takes a node's place: all but convolutions. */
export function isProduct(node: Node): boolean {
  return node.op !== 'Conv';
}

/** Bytes that a blocked weight takes. */
export function bytesOf({ rows, columns }: Rows, bits: number, blockSize: number, asProduct: boolean): number {
  const blocks = blocksOf(columns, blockSize);
  const width = asProduct ? blocks * blockSize : columns;
  return sizeOf([rows]) * (Math.ceil((width * bits) / 8) + blocks * 4 + Math.ceil((blocks * bits) / 8));
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
