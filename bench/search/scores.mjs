// What a search is judged by, after each number of trials of interest.

import { SearchSpace } from 'espalier/automation';
import { Random } from 'espalier/base';
import { front, hypervolume } from 'espalier/pareto';

export const BUDGETS = [20, 50, 100];
const SAMPLE = 2000;

/**
 * For one objective the lowest value (regret); for several the hypervolume of the front, as a share of the box from the best values of 2,000 random
 * points to those that 95% of them beat (single surrogates answer with a memory thirty times the usual, which would leave nothing to tell apart).
 */
export async function scoreOf(problem) {
  if (problem.directions.length === 1) return (values) => Math.min(...values.map(([value]) => value));
  const space = new SearchSpace(problem.space);
  const random = new Random('box');
  const sample = [];
  for (let i = 0; i < SAMPLE; i++) sample.push(await problem.evaluate(space.sampleUniform(random)));
  const ends = problem.directions.map((direction, m) => {
    const sorted = sample.map((point) => point[m]).sort((a, b) => (direction === 'minimize' ? a - b : b - a));
    const worst = sorted[Math.floor(0.95 * SAMPLE)];
    return { worst, range: Math.abs(worst - sorted[0]) };
  });
  const scaled = (values) => values.map((value, m) => (value - ends[m].worst) / ends[m].range);
  const corner = ends.map(() => 0);
  return (values) => {
    const points = front(values.map(scaled), (point) => point, problem.directions, { duplicates: 'first' });
    return hypervolume(points, corner, problem.directions);
  };
}

/** The score after each budget. */
export function curve(score, values) {
  return BUDGETS.filter((budget) => budget <= values.length).map((budget) => Number(score(values.slice(0, budget)).toFixed(6)));
}

export const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
