/** The interactive front. The axes come with ticks and places in [0, 1], so that nothing here knows a scale. */
export const chartScript = `
const SVG = 'http://www.w3.org/2000/svg';
const plot = document.getElementById('plot');
const note = document.getElementById('plot-note');
const axisOf = (name) => data.axes.find((axis) => axis.name === name) ?? data.axes[0];
function node(parent, name, attributes, text) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  parent.append(made);
  return made;
}
const tag = (parent, name, text, kind) => {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (kind) made.className = kind;
  parent.append(made);
  return made;
};

const controls = document.getElementById('controls');
function axisMenu(side, title) {
  const label = tag(controls, 'label', title + ' ');
  const menu = tag(label, 'select');
  menu.id = 'axis-' + side;
  for (const axis of data.axes) tag(menu, 'option', axis.label).value = axis.name;
  menu.value = axisOf(state[side]).name;
  menu.addEventListener('change', () => { state[side] = menu.value; changed('axes'); });
}
axisMenu('y', 'Upwards');
axisMenu('x', 'Across');
const only = tag(tag(controls, 'label'), 'input');
only.type = 'checkbox';
only.id = 'front-only';
only.after(' front only');
only.addEventListener('change', () => { state.frontOnly = only.checked; changed('filter'); });

plot.replaceChildren();
const svg = node(plot, 'svg', { class: 'chart', role: 'group', 'aria-label': 'Models by two measures; arrow keys go from one to the next, Enter shows its card' });
const ground = node(svg, 'g', { 'aria-hidden': 'true' });
const marks = node(svg, 'g', {});
const tip = tag(plot, 'div', undefined, 'tip');
tip.hidden = true;

const order = data.models.map((_, index) => index).sort((a, b) => weight(a) - weight(b));
function weight(index) { return { other: 0, front: 1, baseline: 2 }[data.models[index].role]; }
const points = [];
for (const index of order) {
  const { role, rank, label } = data.models[index];
  const group = node(marks, 'g', { class: 'node ' + role, role: 'button', tabindex: '-1', 'data-index': index });
  const size = role === 'front' ? 10 : role === 'baseline' ? 9 : 5;
  node(group, 'circle', { r: size + 3, class: 'ring' });
  if (role === 'baseline') node(group, 'path', { d: 'M0 -9L9 0L0 9L-9 0Z', class: 'point baseline' });
  else node(group, 'circle', { r: size, class: 'point ' + role });
  if (rank !== undefined) node(group, 'text', { y: 4, class: 'rank' }, rank);
  node(group, 'circle', { r: Math.max(size + 3, 12), fill: 'transparent' });
  group.addEventListener('click', () => select(index));
  group.addEventListener('pointerenter', () => showTip(index));
  group.addEventListener('pointerleave', () => { tip.hidden = true; });
  group.addEventListener('focus', () => showTip(index));
  group.addEventListener('blur', () => { tip.hidden = true; });
  group.addEventListener('keydown', (event) => onKey(event, index));
  points[index] = { group, label };
}

function placesOf(index) {
  const [x, y] = [axisOf(state.x).places[index], axisOf(state.y).places[index]];
  const hidden = state.frontOnly && data.models[index].role === 'other';
  return x && y && !hidden ? { x, y } : undefined;
}

let frame = { left: 0, right: 1, top: 0, bottom: 1 };
const across = (share) => frame.left + share * (frame.right - frame.left);
const up = (share) => frame.bottom - share * (frame.bottom - frame.top);

function draw() {
  const [x, y] = [axisOf(state.x), axisOf(state.y)];
  const width = Math.max(260, plot.clientWidth);
  const height = Math.round(Math.min(470, Math.max(310, width * 0.62)));
  const gutter = 14 + Math.max(...y.ticks.map(({ text }) => text.length)) * 7;
  frame = { left: gutter, right: width - 14, top: 30, bottom: height - 44 };
  svg.setAttribute('viewBox', '0 0 ' + width + ' ' + height);
  ground.replaceChildren();
  drawAxes(x, y, width, height);
  drawEdge(x, y);
  for (const index of order) place(index);
  const first = points[state.selected] && placesOf(state.selected) ? state.selected : visible()[0];
  for (const index of order) points[index].group.setAttribute('tabindex', index === first ? '0' : '-1');
  const missing = data.models.filter((_, index) => !(x.places[index] && y.places[index])).length;
  const outside = order.filter((index) => { const at = placesOf(index); return at && (at.x.outside || at.y.outside); }).length;
  note.textContent = [
    missing ? missing + (missing === 1 ? ' model is' : ' models are') + ' not shown: not measured in this way.' : '',
    outside ? outside + (outside === 1 ? ' model lies' : ' models lie') + ' beyond the axes, drawn at the edge.' : '',
  ].join(' ').trim();
}

function drawAxes(x, y, width, height) {
  const room = Math.max(...x.ticks.map(({ text }) => text.length)) * 7 + 10;
  let free = -Infinity;
  for (const { at, text } of x.ticks) {
    node(ground, 'path', { class: 'grid', d: 'M' + across(at) + ' ' + frame.top + 'V' + frame.bottom });
    if (across(at) < free) continue;
    node(ground, 'text', { x: across(at), y: frame.bottom + 17, 'text-anchor': 'middle', class: 'muted' }, text);
    free = across(at) + room;
  }
  for (const { at, text } of y.ticks) {
    node(ground, 'path', { class: 'grid', d: 'M' + frame.left + ' ' + up(at) + 'H' + frame.right });
    node(ground, 'text', { x: frame.left - 7, y: up(at) + 4, 'text-anchor': 'end', class: 'muted' }, text);
  }
  node(ground, 'path', { class: 'axis', d: 'M' + frame.left + ' ' + frame.top + 'V' + frame.bottom + 'H' + frame.right });
  const scale = (axis) => (axis.log ? ', logarithmic' : '');
  node(ground, 'text', { x: frame.left, y: 16, class: 'strong' }, (y.better === 'more' ? '↑ ' : '↓ ') + y.label + scale(y));
  node(ground, 'text', { x: frame.right, y: height - 6, 'text-anchor': 'end', class: 'strong' }, (x.better === 'more' ? '' : '← ') + x.label + scale(x) + (x.better === 'more' ? ' →' : ''));
}

function drawEdge(x, y) {
  const line = (data.lines[x.name + '/' + y.name] ?? []).map((index) => ({ x: across(x.places[index].at), y: up(y.places[index].at) }));
  if (line.length > 1) {
    const [first, ...rest] = line;
    const turn = (point) => (x.better === 'less' ? 'H' + point.x + 'V' + point.y : 'V' + point.y + 'H' + point.x);
    node(ground, 'path', { class: 'staircase', d: 'M' + first.x + ' ' + first.y + rest.map(turn).join('') });
  }
  data.models.forEach(({ role }, index) => {
    const at = role === 'other' ? undefined : placesOf(index);
    if (!at) return;
    const [px, py] = [across(at.x.at), up(at.y.at)];
    if (at.y.interval) {
      const [low, high] = at.y.interval.map(up);
      node(ground, 'path', { class: 'interval ' + role, d: 'M' + px + ' ' + low + 'V' + high + 'M' + (px - 4) + ' ' + low + 'h8M' + (px - 4) + ' ' + high + 'h8' });
    }
    if (at.x.interval) {
      const [low, high] = at.x.interval.map(across);
      node(ground, 'path', { class: 'interval ' + role, d: 'M' + low + ' ' + py + 'H' + high + 'M' + low + ' ' + (py - 4) + 'v8M' + high + ' ' + (py - 4) + 'v8' });
    }
  });
}

function place(index) {
  const { group, label } = points[index];
  const at = placesOf(index);
  group.style.display = at ? '' : 'none';
  group.classList.toggle('selected', index === state.selected);
  group.setAttribute('aria-pressed', String(index === state.selected));
  if (!at) return;
  group.style.transform = 'translate(' + across(at.x.at) + 'px,' + up(at.y.at) + 'px)';
  group.setAttribute('aria-label', label + ': ' + at.y.text + ', ' + at.x.text);
}

function visible() {
  const shown = order.filter((index) => placesOf(index));
  return shown.sort((a, b) => placesOf(a).x.at - placesOf(b).x.at || placesOf(a).y.at - placesOf(b).y.at);
}

function onKey(event, index) {
  const step = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 }[event.key];
  if (event.key === 'Enter' || event.key === ' ') select(index);
  else if (event.key === 'Escape') tip.hidden = true;
  else if (step) {
    const list = visible();
    points[list[(list.indexOf(index) + step + list.length) % list.length]].group.focus();
  } else return;
  event.preventDefault();
}

function showTip(index) {
  const at = placesOf(index);
  if (!at) return;
  tip.replaceChildren();
  const { label, role } = data.models[index];
  tag(tip, 'b', label);
  tag(tip, 'span', { baseline: 'the original', front: 'on the front', other: 'beaten, or outside the limits' }[role], 'quiet');
  const list = tag(tip, 'dl');
  for (const axis of data.axes) {
    const found = axis.places[index];
    if (!found) continue;
    tag(list, 'dt', axis.label);
    tag(list, 'dd', found.text);
  }
  tip.hidden = false;
  const scale = plot.clientWidth / svg.viewBox.baseVal.width;
  const [px, py] = [across(at.x.at) * scale, up(at.y.at) * scale];
  const left = px + 16 + tip.offsetWidth > plot.clientWidth ? Math.max(0, px - 16 - tip.offsetWidth) : px + 16;
  tip.style.left = left + 'px';
  tip.style.top = Math.max(0, Math.min(py - tip.offsetHeight / 2, plot.clientHeight - tip.offsetHeight)) + 'px';
}

const legend = tag(plot.parentElement, 'div', undefined, 'legend');
plot.after(legend);
for (const [role, text] of [['baseline', 'original'], ['front', 'front'], ['other', 'beaten, or outside the limits']]) {
  if (!data.models.some((model) => model.role === role)) continue;
  const entry = tag(legend, 'span');
  const icon = node(entry, 'svg', { class: 'chart', width: 14, height: 14, viewBox: '-7 -7 14 14', 'aria-hidden': 'true' });
  if (role === 'baseline') node(icon, 'path', { d: 'M0 -6L6 0L0 6L-6 0Z', class: 'point baseline' });
  else node(icon, 'circle', { r: role === 'front' ? 6 : 4, class: 'point ' + role });
  entry.append(text);
}
if (data.axes.some((axis) => axis.places.some((at) => at && at.interval))) tag(legend, 'span', 'bars: 95% intervals');

listeners.push(draw);
let known = 0;
new ResizeObserver(() => { if (plot.clientWidth !== known) { known = plot.clientWidth; draw(); } }).observe(plot);
`;
