import type { ProgramSummary } from '../../../infrastructure/codegen/index.js';
import { formatBytes, nodesOfKernel, peakOf } from '../../info/index.js';
import { element, type Markup } from '../markup.js';
import { plain } from '../plain.js';
import { type ChartOptions, chart, fitted } from './theme.js';

const WIDTH = 720;
const HEIGHT = 300;
const inner = { left: 64, right: WIDTH - 12, top: 34, bottom: HEIGHT - 28 };

/** The arena of a compiled model: from left to right the kernels as they run, from bottom to top its bytes; a box for each tensor that lies there. */
export function memorySvg(summary: ProgramSummary, options?: ChartOptions): string {
  const { memory, kernels, arenaBytes } = summary;
  const step = (inner.right - inner.left) / Math.max(1, kernels.length);
  const scale = (inner.bottom - inner.top) / Math.max(1, arenaBytes);
  const y = (bytes: number) => inner.bottom - bytes * scale;
  const body: Markup[] = [
    element('text', { x: inner.left, y: 18, class: 'strong' }, `Arena of ${formatBytes(arenaBytes)} over ${kernels.length} kernels`),
  ];
  for (const share of [0, 0.5, 1]) {
    const at = y(arenaBytes * share);
    body.push(element('line', { class: 'grid', x1: inner.left, x2: inner.right, y1: at, y2: at }));
    body.push(element('text', { class: 'muted', x: inner.left - 6, y: at + 4, 'text-anchor': 'end' }, formatBytes(arenaBytes * share)));
  }
  const peak = peakOf(summary);
  const peakAt = peak ? kernels.indexOf(peak) : -1;
  for (const { name, offset, bytes, first, last } of memory) {
    const box = {
      x: inner.left + first * step,
      y: y(offset + bytes),
      width: Math.max(1, (last - first + 1) * step - 1),
      height: Math.max(1, bytes * scale - 1),
    };
    const said = `${name}: ${formatBytes(bytes)} at ${offset}, kernels ${first + 1} to ${last + 1}`;
    const isPeak = first <= peakAt && peakAt <= last;
    body.push(element('rect', { class: isPeak ? 'bar-kept' : 'bar-after', ...box, rx: 2 }, element('title', {}, said)));
    if (box.height > 15 && box.width > 40)
      body.push(element('text', { class: 'halo', x: box.x + 4, y: box.y + 13 }, fitted(plain(name), box.width - 8)));
  }
  if (peak)
    body.push(
      element(
        'text',
        { class: 'muted', x: inner.left, y: HEIGHT - 8 },
        fitted(`Most memory: ${plain(nodesOfKernel(peak))}, ${formatBytes(peak.arenaBytes)}`, WIDTH - 80),
      ),
    );
  const description = peak
    ? `Most memory is in use while ${nodesOfKernel(peak)} runs: ${formatBytes(peak.arenaBytes)}.`
    : 'No memory is needed.';
  return chart({ width: WIDTH, height: HEIGHT, title: 'Memory plan', description }, body, options);
}
