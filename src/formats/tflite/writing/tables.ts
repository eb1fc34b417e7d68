import type { OptionsName, OptionsOf } from '../wire/schema.js';
import { options as optionTables } from '../wire/schema.js';

/** A tensor of the file that is being written. */
export interface WrittenTensor {
  readonly name: string;
  /** Its type's code. */
  readonly type: number;
  readonly shape: readonly number[];
  readonly signature: readonly number[];
  readonly contents?: Uint8Array;
  readonly quantization?: { readonly scale: readonly number[]; readonly zeroPoint: readonly number[]; readonly axis: number };
}

/** Options of an operator: the name of their table, and what is in it. */
export type Options = { [N in OptionsName]: { readonly name: N; readonly values: Partial<OptionsOf<N>> } }[OptionsName];

interface WrittenOperator {
  readonly code: number;
  readonly version: number;
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  readonly options?: Options;
}

/** The parts of a file, as they are put together. */
export class FileParts {
  readonly tensors: WrittenTensor[] = [];
  readonly operators: WrittenOperator[] = [];
  readonly #names = new Map<string, number>();

  /** Adds a tensor, under a name that no other has: inputs and outputs are known by theirs. */
  tensor(tensor: WrittenTensor): number {
    const count = this.#names.get(tensor.name);
    this.#names.set(tensor.name, (count ?? 0) + 1);
    this.tensors.push(count === undefined ? tensor : { ...tensor, name: `${tensor.name};${count}` });
    return this.tensors.length - 1;
  }

  /** Gives a tensor a name, which others lose. */
  rename(tensor: number, name: string): void {
    const holder = this.tensors.findIndex((each, index) => each.name === name && index !== tensor);
    if (this.tensors[tensor].name === name) return;
    if (holder >= 0) this.tensors[holder] = { ...this.tensors[holder], name: this.tensors[tensor].name };
    this.tensors[tensor] = { ...this.tensors[tensor], name };
  }

  operator(operator: WrittenOperator): void {
    this.operators.push(operator);
  }

  /** Tables as the wire has them. Each constant has a buffer of its own; the first one is empty, for whatever is computed. */
  tables(inputs: readonly number[], outputs: readonly number[], name: string, metadata: ReadonlyMap<string, string>) {
    const buffers: { data?: Uint8Array }[] = [{}];
    const buffer = (data: Uint8Array) => buffers.push({ data }) - 1;
    const codes: { code: number; version: number }[] = [];
    const codeIndex = ({ code, version }: WrittenOperator) => {
      const known = codes.findIndex((each) => each.code === code && each.version === version);
      return known >= 0 ? known : codes.push({ code, version }) - 1;
    };
    const tensors = this.tensors.map(({ contents, signature, ...tensor }) => ({
      ...tensor,
      buffer: contents ? buffer(contents) : 0,
      ...(signature.includes(-1) && { signature }),
      hasRank: true,
    }));
    const operators = this.operators.map((operator) => ({
      codeIndex: codeIndex(operator),
      inputs: operator.inputs,
      outputs: operator.outputs,
      ...(operator.options && { optionsType: optionTables[operator.options.name].code, options: operator.options }),
    }));
    const notes = [...metadata].map(([key, text]) => ({ name: key, buffer: buffer(new TextEncoder().encode(text)) }));
    return {
      version: 3,
      operatorCodes: codes.map(({ code, version }) => ({ oldCode: Math.min(code, 127), version, code, custom: undefined })),
      subgraphs: [{ tensors, inputs, outputs, operators, name }],
      description: 'written by espalier',
      buffers: buffers.map((each) => ({ data: each.data, offset: 0, size: 0 })),
      metadata: notes,
    };
  }
}
