import type { RunInfo } from '../../../strategies/index.js';
import { formatSeconds, limitTexts, recipeText, trainingText } from '../../info/index.js';
import { element, type Markup } from '../markup.js';
import { facts } from './page.js';

/** How the run was made: enough to make it again, and what failed in it. */
export function runSection(info: RunInfo): Markup {
  const { task, trials, machine, options } = info;
  const { train, calibration, validation, test } = task.samples;
  const optionTexts = Object.entries(options).map(
    ([name, value]) => `${name} ${typeof value === 'object' ? JSON.stringify(value) : String(value)}`,
  );
  return element(
    'section',
    { class: 'panel run' },
    element('h3', {}, 'The run'),
    facts([
      ['Strategy', info.strategy],
      [
        'Data',
        `${task.name}: ${train} training, ${calibration} calibration, ${validation} validation, ${test} test samples; fingerprint ${task.fingerprint}`,
      ],
      ['Task', task.title ?? task.kind],
      ['Objectives', info.objectives.join(', ')],
      ['Limits', limitTexts(info).join(', ') || 'none'],
      ['Options', optionTexts.join(', ') || undefined],
      ['Seed', info.seed],
      ['Trials', `${trials.finished} finished, ${trials.failed} failed, ${trials.stopped} stopped early; ${formatSeconds(info.seconds)}`],
      ['Energy', trainingText(info)],
      ['Hypervolume', Number.isFinite(info.hypervolume) ? info.hypervolume.toPrecision(5) : undefined],
      ['Machine', `${machine.processor}, ${machine.cores} cores, ${machine.platform}, Node ${machine.node}`],
    ]),
    info.remarks.length > 0
      ? element(
          'ul',
          { class: 'failures' },
          info.remarks.map((remark) => element('li', {}, remark)),
        )
      : undefined,
    failures(info),
    stopped(info),
    element(
      'details',
      { class: 'run' },
      element('summary', {}, 'Preprocessing'),
      element('pre', {}, JSON.stringify(task.preprocess, null, 1) ?? 'none'),
    ),
  );
}

function failures({ failures: found }: RunInfo): Markup | undefined {
  if (found.length === 0) return undefined;
  const items = found.map(({ trial, recipe, message }) =>
    element('li', {}, element('strong', {}, `Trial ${trial}: ${recipeText(recipe)}`), element('div', {}, message)),
  );
  return element(
    'details',
    { class: 'run' },
    element('summary', {}, `Failed trials (${found.length})`),
    element('ul', { class: 'failures' }, items),
  );
}

function stopped({ stopped: found = [] }: RunInfo): Markup | undefined {
  if (found.length === 0) return undefined;
  const items = found.map(({ trial, recipe, epoch, technique }) =>
    element(
      'li',
      {},
      element('strong', {}, `Trial ${trial}: ${recipeText(recipe)}`),
      element('div', {}, `given up after epoch ${epoch}, in ${technique}`),
    ),
  );
  return element(
    'details',
    { class: 'run' },
    element('summary', {}, `Trials stopped early (${found.length})`),
    element('ul', { class: 'failures' }, items),
  );
}
