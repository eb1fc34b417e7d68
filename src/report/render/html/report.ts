import { allModels, frontRows, type ReportInfo, roleOf, runWarnings, scatterAxes, scatterLine, summarize } from '../../info/index.js';
import { element, fragment, type Markup } from '../markup.js';
import { plain } from '../plain.js';
import { frontSvg } from '../svg/index.js';
import { details } from './details.js';
import { glance } from './glance.js';
import { page, warningList } from './page.js';
import type { PageData } from './page-data.js';
import { reportScript } from './report-script.js';
import { runSection } from './run.js';
import { modelTable } from './table.js';

/** A run as one page that needs no network: an interactive front, a card for each model, a table to sort. Without scripts it shows everything. */
export function reportHtml(info: ReportInfo): string {
  const { headline, details: more, best } = summarize(info);
  const models = allModels(info);
  const rows = frontRows(info);
  const content = fragment(
    element(
      'header',
      {},
      element('p', { class: 'brand' }, 'Espalier report'),
      element('h1', {}, info.name),
      element('p', { class: 'meta' }, `${info.strategy} on ${info.task.name}`),
      warningList(runWarnings(info)),
      element('p', { class: 'headline' }, headline),
      more.length > 0
        ? element(
            'ul',
            { class: 'summary' },
            more.map((sentence) => element('li', {}, sentence)),
          )
        : undefined,
    ),
    element(
      'div',
      { class: 'board' },
      frontPanel(info),
      element(
        'section',
        { class: 'panel table-panel', 'aria-labelledby': 'table-title' },
        element('h3', { id: 'table-title' }, 'All models'),
        modelTable(info),
      ),
      models.map((model, index) =>
        element(
          'article',
          { class: `model ${rows[index].role}`, id: `model-${index}`, 'data-index': index },
          glance(model, rows[index], info),
          details(model, info),
        ),
      ),
    ),
    runSection(info),
    element('p', { class: 'visually-hidden', role: 'status', id: 'status' }),
  );
  const chosen = best ? models.indexOf(best) : 0;
  return page({ title: `${plain(info.name)}: Espalier report`, content, data: pageData(info, chosen), script: reportScript });
}

function frontPanel(info: ReportInfo): Markup {
  return element(
    'section',
    { class: 'panel front-panel', 'aria-labelledby': 'front-title' },
    element('h3', { id: 'front-title' }, 'Front'),
    element('div', { class: 'controls js-only', id: 'controls' }),
    element('div', { class: 'plot', id: 'plot' }, { markup: frontSvg(info, { standalone: false }) }),
    element('p', { class: 'quiet', id: 'plot-note' }),
  );
}

function pageData(info: ReportInfo, chosen: number): PageData {
  const axes = scatterAxes(info);
  const lines: Record<string, number[]> = {};
  for (const x of axes) for (const y of axes) if (x !== y) lines[`${x.name}/${y.name}`] = scatterLine(info, x.name, y.name);
  const rows = frontRows(info);
  const models = allModels(info).map((model, index) => ({ label: plain(model.label), role: roleOf(model, info), rank: rows[index].rank }));
  return { axes, lines, models, chosen };
}
