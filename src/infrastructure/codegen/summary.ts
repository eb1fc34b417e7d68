import { type Buffer, bytesOfStorage, type Kernel, readsOf } from './loops/index.js';
import type { Port } from './lowering/program.js';
import type { MemoryPlan } from './memory/index.js';
import { isPlanned } from './memory/lifetimes.js';
import type { Patches, PlannedProgram } from './patches/index.js';

/** What a compiled model needs, before it is written: plain numbers. */
export interface ProgramSummary {
  readonly inputs: readonly PortSummary[];
  readonly outputs: readonly PortSummary[];
  /** Bytes of memory that the caller gives for what lives between operators. */
  readonly arenaBytes: number;
  /** Bytes of constants: weights, biases, tables. */
  readonly constantBytes: number;
  readonly macs: number;
  /** In the order in which they run. */
  readonly kernels: readonly KernelSummary[];
  /** What lies in the arena. */
  readonly memory: readonly MemorySummary[];
  /** How its first layers are computed part by part, where they are. */
  readonly patches?: Patches;
}

export interface PortSummary {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly bytes: number;
}

export interface KernelSummary {
  /** The operators that it computes. */
  readonly title: string;
  readonly kind: string;
  readonly macs: number;
  /** Elements of its result. */
  readonly elements: number;
  /** Bytes of constants that it is the first to read. */
  readonly constantBytes: number;
  /** Bytes of the arena that are in use while it runs. */
  readonly arenaBytes: number;
}

/** A stretch of the arena. */
export interface MemorySummary {
  readonly name: string;
  readonly offset: number;
  readonly bytes: number;
  /** Places of the first and the last kernel that need it. */
  readonly first: number;
  readonly last: number;
}

export function summarize({ lowered: { inputs, outputs }, plan, patches }: PlannedProgram): ProgramSummary {
  const counted = new Set<Buffer>();
  const firstReads = (kernel: Kernel) => {
    const found = readsOf(kernel.body).filter((buffer) => buffer.role === 'constant' && !counted.has(buffer));
    for (const buffer of found) counted.add(buffer);
    return found.reduce((sum, buffer) => sum + bytesOf(buffer), 0);
  };
  const kernels = plan.kernels.map(
    (kernel, place): KernelSummary => ({
      title: kernel.title,
      kind: kernel.kind,
      macs: kernel.macs,
      elements: kernel.elements,
      constantBytes: firstReads(kernel),
      arenaBytes: plan.living[place].filter(isPlanned).reduce((sum, buffer) => sum + bytesOf(buffer), 0),
    }),
  );
  return {
    inputs: inputs.map(portSummary),
    outputs: outputs.map(portSummary),
    arenaBytes: plan.bytes,
    constantBytes: kernels.reduce((sum, kernel) => sum + kernel.constantBytes, 0),
    macs: kernels.reduce((sum, kernel) => sum + kernel.macs, 0),
    kernels,
    memory: memoryOf(plan),
    ...(patches && { patches }),
  };
}

function memoryOf({ living, offsets }: MemoryPlan): MemorySummary[] {
  const found = new Map<Buffer, { first: number; last: number }>();
  living.forEach((buffers, place) => {
    for (const buffer of buffers) {
      const known = found.get(buffer);
      if (known) known.last = place;
      else found.set(buffer, { first: place, last: place });
    }
  });
  return [...found].map(([buffer, places]) => ({ name: buffer.name, offset: offsets.get(buffer) ?? 0, bytes: bytesOf(buffer), ...places }));
}

function portSummary({ name, dtype, shape, buffer }: Port): PortSummary {
  return { name, dtype, shape, bytes: bytesOf(buffer) };
}

function bytesOf({ type, size }: Buffer): number {
  return bytesOfStorage(type, size);
}
