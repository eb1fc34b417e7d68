import { type Frame, frameFor, placesOf } from './frame.js';
import { drawGround } from './ground.js';
import { find, shape, tag } from './nodes.js';
import { addMark, Points } from './points.js';
import type { State } from './state.js';
import { Tip } from './tip.js';

const LABEL = 'Models by two measures; arrow keys go from one to the next, Enter shows its card';
const LEGEND = [
  ['baseline', 'original', 6],
  ['front', 'front', 6],
  ['other', 'beaten, or outside the limits', 4],
] as const;

/** Puts an interactive front in the place of the picture. @param onChoose told of the model whose point was chosen. */
export function addChart(state: State, onChoose: (index: number) => void): void {
  const plot = find('#plot');
  const note = find('#plot-note');
  plot.replaceChildren();
  const svg = shape(plot, 'svg', { class: 'chart', role: 'group', 'aria-label': LABEL });
  const ground = shape(svg, 'g', { 'aria-hidden': 'true' });
  const marks = shape(svg, 'g', {});
  const tip = new Tip(plot, state);
  let frame: Frame = frameFor(plot.clientWidth, state.axis('y'));
  const points = new Points(marks, state, { onChoose, onShow: (index) => tip.show(index, frame), onHide: () => tip.hide() });
  const draw = () => {
    frame = frameFor(plot.clientWidth, state.axis('y'));
    svg.setAttribute('viewBox', `0 0 ${frame.width} ${frame.height}`);
    drawGround(ground, state, frame);
    points.draw(frame);
    note.textContent = notes(state);
  };
  addLegend(plot, state);
  state.listen(draw);
  let drawn = 0;
  new ResizeObserver(() => {
    if (plot.clientWidth === drawn) return;
    drawn = plot.clientWidth;
    draw();
  }).observe(plot);
}

/** What cannot be seen in the plot. */
function notes(state: State): string {
  const [x, y] = [state.axis('x'), state.axis('y')];
  const all = state.data.models.map((_, index) => index);
  const missing = all.filter((index) => !(x.places[index] && y.places[index])).length;
  const outside = all.filter((index) => {
    const at = placesOf(state, index);
    return at?.x.outside || at?.y.outside;
  }).length;
  const told = [];
  if (missing > 0) told.push(`${missing} ${missing === 1 ? 'model is' : 'models are'} not shown: not measured in this way.`);
  if (outside > 0) told.push(`${outside} ${outside === 1 ? 'model lies' : 'models lie'} beyond the axes, drawn at the edge.`);
  return told.join(' ');
}

function addLegend(plot: HTMLElement, { data: { models, axes } }: State): void {
  const legend = document.createElement('div');
  legend.className = 'legend';
  plot.after(legend);
  for (const [role, text, radius] of LEGEND) {
    if (!models.some((model) => model.role === role)) continue;
    const entry = tag(legend, 'span');
    addMark(shape(entry, 'svg', { class: 'chart', width: 14, height: 14, viewBox: '-7 -7 14 14', 'aria-hidden': 'true' }), role, radius);
    entry.append(text);
  }
  if (axes.some(({ places }) => places.some((at) => at?.interval))) tag(legend, 'span', 'bars: 95% intervals');
}
