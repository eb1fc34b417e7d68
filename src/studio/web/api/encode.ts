/** A part of an address. What no part can hold becomes the sign for what cannot be read: half a character, and steps to other folders, which browsers take even when they are encoded. */
export function encoded(part: string): string {
  return encodeURIComponent(/^\.{1,2}$/.test(part) ? '\ufffd' : part.replace(/\p{Surrogate}/gu, '\ufffd'));
}
