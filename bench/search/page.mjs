// The tables of docs/search.md.
import { fileURLToPath } from 'node:url';
import { table, writePart } from '../../examples/support/page.mjs';
import { BUDGETS, mean } from './scores.mjs';
import { speeds } from './speed.mjs';

const page = fileURLToPath(new URL('../../docs/search.md', import.meta.url));

/** @param results the scores of every run, by contender and problem. */
export function writePage(results) {
  const problems = [...new Set(Object.values(results).flatMap((runs) => Object.keys(runs)))];
  const isRegret = (problem) => problem === 'nas-bench-macro';
  writePart(page, 'regret', tableOf(results, problems.filter(isRegret), 3));
  writePart(
    page,
    'hypervolume',
    tableOf(
      results,
      problems.filter((problem) => !isRegret(problem)),
      4,
    ),
  );
  writePart(page, 'speed', table([['space', 'trials so far', 'objectives', 'ms'], ...speeds()]));
}

function tableOf(results, problems, digits) {
  const contenders = Object.keys(results).filter((name) => problems.some((problem) => results[name][problem]));
  const rows = problems.flatMap((problem) =>
    contenders
      .filter((name) => results[name][problem]?.length > 0)
      .map((name) => {
        const runs = results[name][problem];
        return [problem, name, runs.length, ...BUDGETS.map((_, i) => mean(runs.map((scores) => scores[i])).toFixed(digits))];
      }),
  );
  return table([['problem', 'sampler', 'runs', ...BUDGETS.map((budget) => `after ${budget} trials`)], ...rows]);
}
