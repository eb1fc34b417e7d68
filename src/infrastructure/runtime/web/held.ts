/** What is used here of WebAssembly's memories. */
interface Memory {
  readonly buffer: { readonly byteLength: number };
}
type MemoryClass = new (descriptor: never) => Memory;

const scope = globalThis as unknown as { WebAssembly: { Memory: MemoryClass } };
const made: Memory[] = [];
let isWatching = false;

/** From now on memories are known that are made in this worker: no browser tells otherwise, and onnxruntime-web keeps its own to itself. */
export function watchMemories(): void {
  if (isWatching) return;
  isWatching = true;
  scope.WebAssembly.Memory = class extends scope.WebAssembly.Memory {
    constructor(descriptor: never) {
      super(descriptor);
      made.push(this);
    }
  };
}

/** Bytes of all of them. They grow and never shrink, so that this is the most that there was. */
export function heldBytes(): number {
  return made.reduce((sum, { buffer }) => sum + buffer.byteLength, 0);
}
