import type { Footprint } from './footprint.js';

/** A need beside what there is, in bytes. */
export interface Room {
  readonly fits: boolean;
  readonly needed: number;
  readonly available: number;
}

/** Memory for activations, and for weights unless they are read in place from storage. */
export function memoryRoom({ memory, weightBytes }: Footprint, available: number, weightsInStorage: boolean): Room {
  return roomFor(memory.total + (weightsInStorage ? 0 : weightBytes), available);
}

/** Storage for the file. */
export function storageRoom({ bytes }: Footprint, available: number): Room {
  return roomFor(bytes, available);
}

function roomFor(needed: number, available: number): Room {
  return { fits: needed <= available, needed, available };
}
