import { find, tag } from './nodes.js';
import type { State } from './state.js';

/** Menus of both axes, and the choice of the front alone. */
export function addControls(state: State): void {
  const controls = find('#controls');
  axisMenu(controls, state, 'y', 'Upwards');
  axisMenu(controls, state, 'x', 'Across');
  const only = tag(tag(controls, 'label'), 'input');
  only.type = 'checkbox';
  only.id = 'front-only';
  only.after(' front only');
  only.addEventListener('change', () => {
    state.frontOnly = only.checked;
    state.tell('filter');
  });
}

function axisMenu(controls: Element, state: State, side: 'x' | 'y', title: string): void {
  const menu = tag(tag(controls, 'label', `${title} `), 'select');
  menu.id = `axis-${side}`;
  for (const { name, label } of state.data.axes) tag(menu, 'option', label).value = name;
  menu.value = state.axis(side).name;
  menu.addEventListener('change', () => {
    state[side] = menu.value;
    state.tell('axes');
  });
}
