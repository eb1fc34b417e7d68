/**
 * Text from a file, made safe to show: control characters (escape sequences), marks that turn the direction of text, and halves of surrogate pairs
 * become "�"; line breaks and tabs become spaces.
 */
export function plain(text: string): string {
  return String(text)
    .replace(/[\t\n\r]+/g, ' ')
    .replace(/[\p{Cc}\p{Cs}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufffe\uffff]/gu, '\ufffd');
}
