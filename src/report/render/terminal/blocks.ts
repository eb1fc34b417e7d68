import { plural } from '../../info/index.js';
import { plain } from '../plain.js';
import { type Painter, wrapped } from './text.js';

/** Most warnings that are shown. */
const MOST = 5;

/** The first warnings, and how many more there are. @param what one that is not shown: "warning". */
export function warningBlocks(warnings: readonly string[], what: string, width: number, paint: Painter): string[][] {
  const hidden = warnings.length - MOST;
  return [
    warnings.slice(0, MOST).flatMap((text) => wrapped(`! ${plain(text)}`, width, '  ').map((line) => paint(line, 'yellow'))),
    hidden > 0 ? [paint(`! ${plural(hidden, `more ${what}`)} like these; --json lists all.`, 'yellow')] : [],
  ];
}

/** Blocks of lines with an empty line between them; those without lines are left out. */
export function blocksText(blocks: readonly (readonly string[])[]): string {
  return blocks
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n');
}
