import type { ScalarType } from '../../codegen/index.js';

/** Types of the numbers that a parameter may stand for. */
export type SlotType = 'i32' | 'f32';

/** A number that stands in a kernel's text: an extent, a stride, an offset, a scale. */
export interface Slot {
  readonly type: SlotType;
  readonly value: number;
}

/**
 * What is written for the numbers of a kernel, asked for one after the other as it is printed. Kernels that differ in nothing else ask in one order, so
 * that a number's place tells which it is.
 * @returns text that may stand as an operand; undefined for the number itself.
 */
export type SlotText = (slot: Slot) => string | undefined;

/** Numbers as they are. */
export const literals: SlotText = () => undefined;

/** Notes numbers, and writes the same for all. */
export function noting(slots: Slot[]): SlotText {
  return (slot) => {
    slots.push(slot);
    return slot.type === 'i32' ? '#' : '#.0f';
  };
}

/** Writes what was chosen for each number. */
export function chosen(texts: readonly (string | undefined)[]): SlotText {
  let place = 0;
  return () => texts[place++];
}

/** Whether numbers of a type are slots. */
export function isSlotType(type: ScalarType): type is SlotType {
  return type === 'i32' || type === 'f32';
}
