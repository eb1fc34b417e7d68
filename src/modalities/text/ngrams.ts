/** Which n-grams of a text are taken, as plain JSON. */
export interface NgramOptions {
  /** Smallest and largest number of words in a row; [0, 0] for none. Default [1, 2]. */
  words?: readonly [number, number];
  /** Smallest and largest number of characters in a row within a word; [0, 0] for none. Default [3, 4]. */
  characters?: readonly [number, number];
  /** Default true. */
  lowercase?: boolean;
}

/** A run of letters, digits, marks and apostrophes, or any other single character that is no space. */
const WORD = /[\p{L}\p{M}\p{N}_']+|[^\s]/gu;

/** The words of a text, in their order. */
export function wordsOf(text: string, { lowercase = true }: Pick<NgramOptions, 'lowercase'> = {}): string[] {
  return (lowercase ? text.toLowerCase() : text).match(WORD) ?? [];
}

/**
 * A text's n-grams: words in a row, joined by a space; then characters in a row of each word within "<" and ">", with "#" before them so that they are no words.
 * One that occurs twice comes twice.
 */
export function ngramsOf(text: string, options: NgramOptions = {}): string[] {
  const { words: [fewest, most] = [1, 2], characters: [shortest, longest] = [3, 4] } = options;
  const words = wordsOf(text, options);
  const found: string[] = [];
  for (let n = Math.max(1, fewest); n <= most; n++) {
    for (let start = 0; start + n <= words.length; start++) found.push(words.slice(start, start + n).join(' '));
  }
  if (longest === 0) return found;
  for (const word of words) {
    const characters = [...`<${word}>`];
    for (let n = Math.max(1, shortest); n <= longest; n++) {
      for (let start = 0; start + n <= characters.length; start++) found.push(`#${characters.slice(start, start + n).join('')}`);
    }
  }
  return found;
}

const encoder = new TextEncoder();
const scratch = new Uint8Array(4096);

/** FNV-1a, 32 bits, of a text's UTF-8 bytes (Fowler, Noll and Vo; RFC 9923). */
export function fnv1a(text: string): number {
  const { read, written } = encoder.encodeInto(text, scratch);
  const bytes = read === text.length ? scratch.subarray(0, written) : encoder.encode(text);
  let hash = 0x811c9dc5;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}

/** The id of a text among `vocabulary` ones: from 1 on, as 0 is padding. */
export function hashedId(text: string, vocabulary: number): number {
  return 1 + (fnv1a(text) % (vocabulary - 1));
}
