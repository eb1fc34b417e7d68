/** An input or output: its name, the array of its type, its elements, and its address in the module's memory. */
export type Slot = readonly [name: string, array: ArrayType, size: number, address: number];

type ArrayType = new (buffer: ArrayBuffer, address: number, size: number) => Elements;

interface Elements {
  readonly length: number;
  readonly [Symbol.toStringTag]: string;
  set(values: Elements): void;
  slice(): Elements;
}

interface Exports {
  readonly memory: { readonly buffer: ArrayBuffer };
  run(): void;
}

declare const WebAssembly: { instantiate(bytes: unknown, imports: object): Promise<{ instance: { exports: unknown } }> };

/**
 * Loads a module. The text of this function is what loads compiled models: it refers to nothing but what stands in it and in every environment.
 * @param source bytes of the module, or where it is.
 */
export async function instantiate(
  source: string | URL | ArrayBuffer | Uint8Array,
  inputs: readonly Slot[],
  outputs: readonly Slot[],
  imports: object,
) {
  let bytes: unknown = source;
  if (!(source as ArrayBuffer).byteLength) {
    const from = String(source);
    if (from.startsWith('file:')) bytes = globalThis.process.getBuiltinModule('node:fs').readFileSync(new URL(from));
    else {
      const response = await fetch(from);
      if (!response.ok) throw new Error(`${from}: HTTP ${response.status}`);
      bytes = await response.arrayBuffer();
    }
  }
  const kind = (array: Elements) => `${array?.[Symbol.toStringTag] ?? typeof array}(${array?.length})`;
  const { instance } = await WebAssembly.instantiate(bytes, { Math: imports });
  const { memory, run } = instance.exports as Exports;
  const view = ([name, Type, size, address]: Slot) => [name, new Type(memory.buffer, address, size)] as const;
  const [to, from] = [inputs.map(view), outputs.map(view)];
  return {
    run(feeds: Readonly<Record<string, Elements>>) {
      for (const [name, place] of to) {
        const given = feeds?.[name];
        if (kind(given) !== kind(place)) throw new TypeError(`Input "${name}" must be ${kind(place)}, not ${kind(given)}`);
        place.set(given);
      }
      run();
      return Object.fromEntries(from.map(([name, place]) => [name, place.slice()]));
    },
  };
}
