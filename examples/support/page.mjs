// How the studies write what they found into pages of docs/.
import { readFileSync, writeFileSync } from 'node:fs';

/** Puts `text` between the marks `NAME: begin` and `NAME: end` of a page. */
export function putPart(page, name, text) {
  const marks = new RegExp(`(<!-- ${name}: begin -->\\n)[\\s\\S]*(<!-- ${name}: end -->)`);
  writeFileSync(
    page,
    readFileSync(page, 'utf8').replace(marks, (_, begin, end) => `${begin}${text}\n${end}`),
  );
}

/** The same, and shows it on the terminal. */
export function writePart(page, name, text) {
  putPart(page, name, text);
  console.log(text);
}

export function table([head, ...rows]) {
  const line = (cells) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

/** A share as percent, without the sign. */
export function percent(share) {
  return (100 * share).toFixed(2);
}
