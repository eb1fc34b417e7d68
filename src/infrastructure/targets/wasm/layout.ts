import { type Buffer, bytesOfStorage, type Lowered, type MemoryPlan, readsOf } from '../../codegen/index.js';

/** Where everything lies in the module's memory. */
export interface Layout {
  readonly addressOf: (buffer: Buffer) => number;
  /** Constants that kernels read. */
  readonly constants: readonly Buffer[];
  /** Bytes of all. */
  readonly bytes: number;
}

/** Vectors are read fastest where they do not cross lines of the cache. */
const ALIGNMENT = 16;

/** Constants first, then inputs, outputs, and the arena. */
export function layoutOf({ inputs, outputs }: Lowered, plan: MemoryPlan): Layout {
  const constants = [...new Set(plan.kernels.flatMap(({ body }) => readsOf(body)))].filter(({ role }) => role === 'constant');
  const addresses = new Map<Buffer, number>();
  let end = 0;
  const place = (bytes: number) => {
    const address = end;
    end = Math.ceil((end + bytes) / ALIGNMENT) * ALIGNMENT;
    return address;
  };
  for (const buffer of [...constants, ...inputs.map((port) => port.buffer), ...outputs.map((port) => port.buffer)])
    if (!addresses.has(buffer)) addresses.set(buffer, place(bytesOfStorage(buffer.type, buffer.size)));
  const arena = place(plan.bytes);
  // Eight bytes are read at once where four are needed.
  place(4);
  return { addressOf: (buffer) => addresses.get(buffer) ?? arena + (plan.offsets.get(buffer) ?? 0), constants, bytes: end };
}
