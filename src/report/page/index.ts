// The report's page comes to life: bundled and put into every report, whose markup says all there is without it.
import type { PageData } from '../render/html/page-data.js';
import { addChart } from './chart.js';
import { Choice } from './choice.js';
import { addControls } from './controls.js';
import { addCopying } from './copy.js';
import { explainLinks } from './links.js';
import { find } from './nodes.js';
import { State } from './state.js';
import { addTable } from './table.js';

document.documentElement.classList.add('js');
// Written into the page together with this script, by the same version.
const state = new State(JSON.parse(find('#data').textContent ?? '') as PageData);
const choice = new Choice(state);
const choose = (index: number) => choice.choose(index);
addControls(state);
addChart(state, choose);
addTable(state, choose);
addCopying();
explainLinks();
choice.begin();
