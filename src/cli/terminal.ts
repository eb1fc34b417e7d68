/*
 * The one place where text goes to the terminal. Names of nodes, files and classes come from files of others: what they hold must not move the
 * cursor, set the window's title or turn the direction of text.
 */

/** Control characters but line breaks and tabs, marks that turn the direction of text, halves of surrogate pairs. */
const UNSAFE = /[^\P{Cc}\n\t]|[\p{Cs}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufffe\uffff]/gu;
/** The colours that this program's own tables use, and nothing else of what terminals obey. */
const COLOR = new RegExp(`${String.fromCharCode(27)}\\[(?:0|1|2|3[1-6])m`, 'g');

/** Text that a terminal only shows. @param color keep this program's own colours. */
export function harmless(text: string, color = false): string {
  if (!color) return text.replace(/\r\n/g, '\n').replace(UNSAFE, '\ufffd');
  const colors = text.match(COLOR) ?? [];
  return text
    .split(COLOR)
    .map((part, index) => harmless(part) + (colors[index] ?? ''))
    .join('');
}

/** JSON whose texts hold no characters that a terminal obeys: they are written as escapes, so that it reads back as the same value. */
export function harmlessJson(value: unknown, indent = 2): string {
  const escaped = (character: string) => [...character].map((each) => `\\u${each.charCodeAt(0).toString(16).padStart(4, '0')}`).join('');
  return JSON.stringify(value, null, indent).replace(UNSAFE, escaped);
}

/** Writes text for people to stderr. */
export function say(text: string): void {
  process.stderr.write(harmless(text));
}
