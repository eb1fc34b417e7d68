import { chartScript } from './chart.js';
import { selectScript } from './select.js';
import { tableScript } from './table.js';

/** The page's script. It reads the JSON of the page and builds nodes; texts are only ever set as text. */
export const script = `'use strict';(() => {
document.documentElement.classList.add('js');
const data = JSON.parse(document.getElementById('data').textContent);
const state = { x: 'bytes', y: 'quality', frontOnly: false, selected: -1 };
const listeners = [];
const changed = (what) => { for (const listener of listeners) listener(what); };
${chartScript}
${tableScript}
${selectScript}
})();`;
