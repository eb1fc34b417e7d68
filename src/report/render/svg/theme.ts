import { element, type Markup } from '../markup.js';

/**
 * Colours that people with any kind of colour blindness tell apart (from Okabe and Ito's palette, darker on light and lighter on dark ground),
 * and that are always told apart by shape, too.
 */
const light = {
  ground: '#ffffff',
  ink: '#17231d',
  muted: '#55645c',
  grid: '#e2e8e4',
  front: '#00795a',
  baseline: '#c04a00',
  other: '#8d9a93',
  second: '#0067a5',
  soft: '#bccac2',
};

const dark: typeof light = {
  ground: '#121815',
  ink: '#e8efea',
  muted: '#a0b1a7',
  grid: '#2a342f',
  front: '#3fcf9f',
  baseline: '#ff9d5c',
  other: '#7b8b82',
  second: '#5cb6f2',
  soft: '#46564d',
};

function variables(colors: typeof light): string {
  return Object.entries(colors)
    .map(([name, color]) => `--${name}:${color}`)
    .join(';');
}

/** The colours as CSS variables of `selector`; dark where the reader prefers it, light on paper. */
export function colorRules(selector: string): string {
  return `${selector}{${variables(light)}}
@media (prefers-color-scheme:dark){${selector}{${variables(dark)}}}
@media print{${selector}{${variables(light)}}}`;
}

/** What the charts' classes look like. */
export const chartRules = `.chart{font-family:system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;font-size:12px}
.chart text{fill:var(--ink)}
.chart .muted{fill:var(--muted)}
.chart .title{font-size:16px;font-weight:650}
.chart .strong{font-weight:600}
.chart .grid{stroke:var(--grid);stroke-width:1;fill:none}
.chart .axis{stroke:var(--muted);stroke-width:1;fill:none}
.chart .staircase{stroke:var(--front);stroke-width:1.5;fill:none;stroke-linejoin:round;opacity:.75}
.chart .region{fill:var(--front);opacity:.06}
.chart .interval{stroke:var(--front);stroke-width:1.2;opacity:.55;fill:none}
.chart .interval.baseline{stroke:var(--baseline)}
.chart .point.front{fill:var(--front);stroke:var(--ground);stroke-width:1.5}
.chart .point.other{fill:var(--ground);stroke:var(--other);stroke-width:1.5}
.chart .point.baseline{fill:var(--baseline);stroke:var(--ground);stroke-width:1.5}
.chart .halo{paint-order:stroke;stroke:var(--ground);stroke-width:3px;stroke-linejoin:round}
.chart .leader{stroke:var(--muted);stroke-width:.75;opacity:.6}
.chart .bar-before{fill:var(--soft)}
.chart .bar-after{fill:var(--front)}
.chart .bar-kept{fill:var(--baseline)}
.chart .line-one{stroke:var(--front);stroke-width:2;fill:none;stroke-linejoin:round}
.chart .line-two{stroke:var(--second);stroke-width:2;fill:none;stroke-linejoin:round;stroke-dasharray:6 3}
.chart .dot-one{fill:var(--front)}
.chart .dot-two{fill:var(--second)}`;

/** Rules with a light colour before each variable: programs that draw a picture without knowing variables take that, and leave out the other. */
function withFallback(rules: string): string {
  return rules.replace(
    /([a-z]+):var\(--(\w+)\)/g,
    (rule, property: string, name: keyof typeof light) => `${property}:${light[name]};${rule}`,
  );
}

export interface ChartOptions {
  /** Bring the styles along, as a file of its own needs; a page has them once for all charts. Default true. */
  standalone?: boolean;
}

/** The frame of every chart: title and description for those who cannot see it, styles, ground. */
export function chart(
  { width, height, title, description }: { width: number; height: number; title: string; description: string },
  children: readonly Markup[],
  { standalone = true }: ChartOptions = {},
): string {
  const style = standalone ? [element('style', {}, { markup: `${colorRules('.chart')}\n${withFallback(chartRules)}` })] : [];
  return element(
    'svg',
    {
      xmlns: 'http://www.w3.org/2000/svg',
      viewBox: `0 0 ${width} ${height}`,
      width,
      height,
      class: 'chart',
      role: 'img',
      'aria-label': title,
    },
    element('title', {}, title),
    element('desc', {}, description),
    style,
    ...(standalone ? [element('rect', { width, height, rx: 8, style: withFallback('fill:var(--ground)') })] : []),
    children,
  ).markup;
}

/** Columns that text of the charts' font takes, about: enough to keep labels apart. */
export function textWidth(text: string, size = 12): number {
  return [...text].reduce(
    (width, character) =>
      width +
      (/[\u1100-\uffff]|\p{Emoji_Presentation}/u.test(character)
        ? 1
        : /[ilI.,:;'|!()[\]]/.test(character)
          ? 0.33
          : /[mwMW%]/.test(character)
            ? 0.88
            : 0.57) *
        size,
    0,
  );
}

/** Text that fits into so many pixels, with "…" where it was cut. */
export function fitted(text: string, width: number, size = 12): string {
  if (textWidth(text, size) <= width) return text;
  let characters = [...text];
  while (characters.length > 0 && textWidth(`${characters.join('')}…`, size) > width) characters = characters.slice(0, -1);
  return `${characters.join('').trimEnd()}…`;
}
