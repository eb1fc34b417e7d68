/**
 * A text from elsewhere as a chart may draw it: on one line, and never a name that every object has. The chart library remembers how wide texts are in plain objects,
 * and "__proto__" there would change them all.
 */
export function drawable(text: string): string {
  const line = text.replace(/[\p{Cc}\p{Surrogate}]/gu, ' ');
  // A space of no width, which makes it another text.
  return line in Object.prototype ? `\u200b${line}` : line;
}
