/** How text is drawn on a terminal. */
export interface TerminalOptions {
  /** Columns at hand. Default 100. */
  width?: number;
  /** ANSI colours. Default false. */
  color?: boolean;
}

export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan';

const codes: Record<Style, number> = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 };

/** Colours text where colours are wanted, and leaves it as it is where not. */
export type Painter = (text: string, style: Style | undefined) => string;

export function painter(color: boolean): Painter {
  return (text, style) => (color && style && text ? `\u001b[${codes[style]}m${text}\u001b[0m` : text);
}

/** Columns that text takes: two for wide East Asian characters and emoji, none for combining marks. */
export function displayWidth(text: string): number {
  let width = 0;
  for (const character of text) width += widthOf(character);
  return width;
}

function widthOf(character: string): number {
  if (/^(?:\p{Mn}|\p{Me}|[\u200b-\u200d])$/u.test(character)) return 0;
  return /^[\p{Emoji_Presentation}\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}]$/u.test(
    character,
  )
    ? 2
    : 1;
}

/** At most so many columns, with "…" where something was left out: at the end, or in the middle, where names differ at both ends. */
export function shortened(text: string, width: number, where: 'end' | 'middle' = 'end'): string {
  if (displayWidth(text) <= width) return text;
  if (width <= 1) return width === 1 ? '…' : '';
  const tail = where === 'middle' ? Math.floor((width - 1) / 2) : 0;
  const characters = [...text];
  const start = taken(characters, width - 1 - tail);
  const end = taken([...characters].reverse(), tail).reverse();
  return `${start.join('')}…${end.join('')}`;
}

function taken(characters: readonly string[], width: number): string[] {
  const found: string[] = [];
  let used = 0;
  for (const character of characters) {
    used += widthOf(character);
    if (used > width) break;
    found.push(character);
  }
  return found;
}

export function padded(text: string, width: number, align: 'left' | 'right' = 'left'): string {
  const space = ' '.repeat(Math.max(0, width - displayWidth(text)));
  return align === 'left' ? text + space : space + text;
}

/** Words on lines of at most `width` columns; the second and later ones begin with `indent`. */
export function wrapped(text: string, width: number, indent = ''): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    const longer = line ? `${line} ${word}` : (lines.length > 0 ? indent : '') + word;
    if (line && displayWidth(longer) > width) {
      lines.push(line);
      line = indent + word;
    } else line = longer;
  }
  return [...lines, line];
}

/** A bar of eighths of a block: `share` in [0, 1] of `width` columns. Anything above zero is visible. */
export function bar(share: number, width: number): string {
  const eighths = Math.round(Math.min(1, Math.max(0, share)) * width * 8);
  const shown = share > 0 ? Math.max(1, eighths) : 0;
  const part = shown % 8;
  return padded('█'.repeat(Math.floor(shown / 8)) + (part > 0 ? String.fromCodePoint(0x2590 - part) : ''), width);
}
