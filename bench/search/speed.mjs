// What a suggestion of TPE takes, as processor time, so that a busy machine does not show.
import { distinct, SearchSpace, tpeSampler } from 'espalier/automation';
import { Random } from 'espalier/base';

const SUGGESTIONS = 40;

const numbers = (count) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`x${i}`, { type: 'float', low: 0, high: 1 }]));
const spaces = {
  '8 choices of 6': Object.fromEntries(
    Array.from({ length: 8 }, (_, i) => [`c${i}`, { type: 'categorical', choices: [0, 1, 2, 3, 4, 5] }]),
  ),
  '6 numbers': numbers(6),
  '12 numbers': numbers(12),
};

/** Rows of space, trials, objectives and the median milliseconds. */
export function speeds() {
  const rows = [];
  for (const [name, definition] of Object.entries(spaces)) {
    const space = new SearchSpace(definition);
    for (const objectives of [1, 2])
      for (const trials of [100, 10_000]) rows.push([name, trials, objectives, time(space, trials, objectives)]);
  }
  return rows;
}

function time(space, count, objectives) {
  const random = new Random(1);
  const directions = Array.from({ length: objectives }, () => 'minimize');
  const trials = Array.from({ length: count }, (_, number) => {
    const values = directions.map(() => random.uniform());
    return { number, point: space.check(space.sampleUniform(random)), seed: 0, state: 'completed', reports: [], attributes: {}, values };
  });
  const sampler = distinct(tpeSampler());
  const history = { seed: 1, directions, reportDirection: 'minimize', trials };
  const taken = Array.from({ length: SUGGESTIONS }, (_, i) => {
    const start = process.cpuUsage();
    sampler.ask(space, history, random.fork(i));
    const { user, system } = process.cpuUsage(start);
    return (user + system) / 1000;
  });
  return taken.sort((a, b) => a - b)[SUGGESTIONS / 2].toFixed(2);
}
