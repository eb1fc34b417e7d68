/**
 * A text from elsewhere as a chart may draw it: on one line, and without a word that every object has as a name. The chart library remembers how wide texts, and words of
 * them where lines are broken, are in plain objects, and "__proto__" there would change them all.
 */
export function drawable(text: string): string {
  const line = text.replace(/[\p{Cc}\p{Surrogate}]/gu, ' ');
  // A space of no width, which makes it another word.
  return line.replace(/\S+/g, (word) => (word in Object.prototype ? `\u200b${word}` : word));
}
