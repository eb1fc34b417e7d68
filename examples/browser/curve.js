const inner = { left: 44, right: 746, top: 12, bottom: 250 };

/** Draws the losses so far into an SVG of 760 × 280, with a line at the end of each epoch. The axis is as long as the training will be. */
export function drawCurve(svg, losses, epochs, total) {
  const highest = Math.max(...losses);
  const step = tickStep(highest);
  const top = step * Math.ceil(highest / step);
  const across = (index) => inner.left + (index / Math.max(total, 1)) * (inner.right - inner.left);
  const up = (loss) => inner.bottom - (loss / top) * (inner.bottom - inner.top);
  const ticks = Array.from({ length: Math.round(top / step) + 1 }, (_, index) => index * step);
  svg.replaceChildren(
    ...ticks.flatMap((tick) => [
      shape('path', { class: 'grid', d: `M${inner.left} ${up(tick)}H${inner.right}` }),
      text(inner.left - 8, up(tick) + 4, 'end', Number(tick.toPrecision(2))),
    ]),
    ...epochs.map((end) => shape('path', { class: 'epoch', d: `M${across(end)} ${inner.top}V${inner.bottom}` })),
    text(inner.left, inner.bottom + 20, 'start', 'step 1'),
    text(inner.right, inner.bottom + 20, 'end', `step ${total}`),
    shape('path', { class: 'loss', d: `M${losses.map((loss, index) => `${across(index + 0.5)} ${up(loss)}`).join('L')}` }),
  );
}

/** 1, 2 or 5 times a power of ten, of which 3 to 7 reach up to the highest. */
function tickStep(highest) {
  const power = 10 ** Math.floor(Math.log10(highest / 3));
  return [1, 2, 5, 10].map((factor) => factor * power).find((step) => highest / step <= 6);
}

function text(x, y, anchor, content) {
  const made = shape('text', { x, y, 'text-anchor': anchor });
  made.textContent = content;
  return made;
}

function shape(name, attributes) {
  const made = document.createElementNS('http://www.w3.org/2000/svg', name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}
