import type { SensitivityRecord } from '../../../technique/index.js';
import { formatBytes, formatCount, formatLoss, type LayerBars, type LayerMeasure, plural } from '../../info/index.js';
import { element, type Markup } from '../markup.js';
import { plain } from '../plain.js';
import { type ChartOptions, chart, fitted, textWidth } from './theme.js';

const WIDTH = 420;

interface Bar {
  label: string;
  /** At the right end of the label's line. */
  text: string;
  /** Lengths in [0, 1], drawn below each other. */
  parts: { share: number; kind: 'before' | 'after' | 'kept' }[];
}

/** Bars below their labels, so that they can be read on a telephone, too. */
function barChart(title: string, bars: readonly Bar[], legend: readonly { kind: string; text: string }[], options?: ChartOptions): string {
  const body: Markup[] = [];
  let top = legend.length > 0 ? 30 : 4;
  let left = 0;
  for (const { kind, text } of legend) {
    body.push(element('rect', { class: `bar-${kind}`, x: left, y: 6, width: 14, height: 10, rx: 2 }));
    body.push(element('text', { x: left + 20, y: 15, class: 'muted' }, text));
    left += 38 + textWidth(text);
  }
  for (const { label, text, parts } of bars) {
    const space = WIDTH - textWidth(text) - 16;
    body.push(element('text', { x: 0, y: top + 12 }, element('title', {}, label), fitted(plain(label), space)));
    body.push(element('text', { x: WIDTH, y: top + 12, 'text-anchor': 'end', class: 'muted' }, text));
    for (const [i, { share, kind }] of parts.entries()) {
      const width = share > 0 ? Math.max(1.5, share * WIDTH) : 0;
      body.push(element('rect', { class: `bar-${kind}`, x: 0, y: top + 17 + i * 8, width, height: 7, rx: 1.5 }));
    }
    top += 24 + parts.length * 8;
  }
  const description = bars
    .slice(0, 12)
    .map(({ label, text }) => `${label}: ${text}`)
    .join('; ');
  return chart({ width: WIDTH, height: top, title, description }, body, options);
}

const measureNames: Record<LayerMeasure, string> = {
  macs: 'Multiply-accumulates',
  weightBytes: 'Bytes of weights',
  parameters: 'Parameters',
  activationBytes: 'Bytes of activations',
};

/** Cost by layer, the original above the model. `compared` false: one model alone. */
export function layersSvg(
  { pairs, largest, rest }: LayerBars,
  measure: LayerMeasure,
  { compared = true, ...options }: ChartOptions & { compared?: boolean } = {},
): string {
  const format = measure === 'macs' || measure === 'parameters' ? formatCount : formatBytes;
  const said = (before: number | undefined, after: number | undefined) => {
    if (!compared) return format(after ?? 0);
    return `${before === undefined ? 'new' : format(before)} → ${after === undefined ? 'removed' : format(after)}`;
  };
  const bar = (label: string, before: number | undefined, after: number | undefined): Bar => ({
    label,
    text: said(before, after),
    parts: [
      ...(compared ? [{ share: (before ?? 0) / largest, kind: 'before' as const }] : []),
      { share: (after ?? 0) / largest, kind: 'after' as const },
    ],
  });
  const bars = pairs.map((pair) => bar(`${pair.name} (${pair.op})`, pair.before?.[measure], pair.after?.[measure]));
  if (rest) {
    // Many small layers together may cost more than the largest one: their bar ends at the edge.
    const sum = bar(`${plural(rest.layers, 'other layer')} together`, rest.before, rest.after);
    bars.push({ ...sum, parts: sum.parts.map((part) => ({ ...part, share: Math.min(1, part.share) })) });
  }
  const legend = compared
    ? [
        { kind: 'before', text: 'original' },
        { kind: 'after', text: 'this model' },
      ]
    : [];
  return barChart(`${measureNames[measure]} by layer`, bars, legend, options);
}

/** Quality lost when one layer alone is changed; layers that were left as they are stand out. */
export function sensitivitySvg(
  records: readonly SensitivityRecord[],
  metric: string,
  { most = 24, ...options }: ChartOptions & { most?: number } = {},
): string {
  const listed = records.slice(0, most);
  const largest = listed.reduce((sum, { loss }) => Math.max(sum, loss), 0) || 1;
  const isFloat = (decision: string) => /float/i.test(decision);
  const bars = listed.map(({ layer, loss, decision }): Bar => {
    const kind = isFloat(decision) ? 'kept' : 'after';
    return {
      label: `${layer}: ${decision}`,
      text: formatLoss(metric, loss),
      parts: [{ share: Math.max(0, loss) / largest, kind }],
    };
  });
  const legend = listed.some(({ decision }) => isFloat(decision))
    ? [
        { kind: 'after', text: 'changed' },
        { kind: 'kept', text: 'left in float' },
      ]
    : [];
  return barChart('Sensitivity by layer', bars, legend, options);
}
