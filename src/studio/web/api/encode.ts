/** A part of an address. Half a character, which no address can hold, becomes the sign for what cannot be read. */
export function encoded(part: string): string {
  return encodeURIComponent(part.replace(/\p{Surrogate}/gu, '\ufffd'));
}
