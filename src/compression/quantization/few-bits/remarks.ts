import { addTo, namesText } from '../../../base/index.js';
import { lossBetween } from '../../../metrics/index.js';
import type { TechniqueContext } from '../../../technique/index.js';
import { agrees } from '../candidates.js';
import { type FewBits, type FewLayer, type Width, widthFrom } from './few-layers.js';
import type { MendedFew } from './mend-few.js';
import type { Mixed } from './mixed.js';

export function remarksOfWider({ few, wider, whole, sqnr, inputs }: MendedFew): string[] {
  if (wider.size === 0) return [];
  const why = `because with fewer the worst output would have ${whole.toFixed(1)} dB SQNR on ${inputs}, and has ${sqnr.toFixed(1)} dB so`;
  const groups = byWidth(wider).map(([width, names]) => `${width} bits: ${namesText(names)}`);
  return [`${wider.size} of ${few.layers.length + few.others.size} layers keep more bits, ${why}; ${groups.join('; ')}.`];
}

export function remarksOfUnseen({ widths }: Mixed, wished: Width, kept: ReadonlySet<FewLayer>): string[] {
  const more = [...kept].filter((layer) => (widths.get(layer) ?? 0) > widthFrom(layer, wished));
  if (more.length === 0) return [];
  return [`Layers keep more than ${wished} bits, because no sample reaches them: ${namesText(more.map(({ site }) => site.node))}.`];
}

export function remarksOf(few: FewBits, wished: Width, made: Mixed, { task }: TechniqueContext): string[] {
  const { widths, quality, exact, noise } = made;
  const remarks: string[] = [];
  const more = [...widths].filter(([layer, width]) => width > widthFrom(layer, wished));
  const total = few.layers.length + few.others.size;
  const small = [...widths].filter(([layer, width]) => width > wished && width === widthFrom(layer, wished));
  const others = (why: 'no smaller' | 'read otherwise') => [...few.others].flatMap(([name, each]) => (each === why ? [name] : []));
  const kept = [
    { why: reasonOf(made, task), groups: byWidth(new Map(more)) },
    { why: 'with fewer the file would not be smaller', groups: withOthers(byWidth(new Map(small)), others('no smaller')) },
    { why: 'something else reads their weights, too', groups: withOthers([], others('read otherwise')) },
  ].filter(({ groups }) => groups.length > 0);
  if (kept.length > 0) {
    const count = (groups: [Width, string[]][]) => groups.reduce((sum, [, names]) => sum + names.length, 0);
    const reasons = kept.map(
      ({ why, groups }) =>
        `${kept.length > 1 ? `${count(groups)} ` : ''}because ${why}; ${groups.map(([width, names]) => `${width} bits: ${namesText(names)}`).join('; ')}`,
    );
    const all = kept.reduce((sum, { groups }) => sum + count(groups), 0);
    remarks.push(`${all} of ${total} layers keep more than ${wished} bits, ${reasons.join('; ')}.`);
  }
  if (quality && task && made.exact !== undefined && more.length === few.layers.length)
    remarks.push(`No layer can have ${wished} bits. Quantization-aware training may do better.`);
  if (noise && exact === false) remarks.push('There are too many choices of bits to prove this one the best: it is close.');
  return remarks;
}

function reasonOf({ quality, noise }: Mixed, task: TechniqueContext['task']): string {
  // Noise is looked at for a budget, or where data showed a loss.
  if (noise && (!quality || quality.whole === quality.after)) return 'the budget allows it';
  if (!quality || !task) return 'they lose too much of themselves';
  const { metric } = task;
  const loss = (after: { value: number }) => Number(lossBetween(metric, quality.before.value, after.value).toPrecision(2));
  const { agreement } = quality.whole;
  if (agreement && !agrees(quality.whole, metric.tolerance))
    return `with fewer ${(100 * (1 - agreement.value)).toFixed(1)}% of the answers would change`;
  return `with fewer the loss of ${metric.label} on the validation part would be ${loss(quality.whole)} instead of ${loss(quality.after)}`;
}

/** Layers by bits, fewest first. */
export function byWidth(widths: Mixed['widths']): [Width, string[]][] {
  const found = new Map<Width, string[]>();
  for (const [{ site }, width] of widths) addTo(found, width, site.node);
  return [...found].sort(([a], [b]) => a - b);
}

/** Names with their bits, and others that have 8. */
export function withOthers(groups: [Width, string[]][], others: readonly string[]): [Width, string[]][] {
  if (others.length === 0) return groups;
  const whole = groups.find(([width]) => width === 8);
  return whole ? groups.map(([width, names]) => [width, width === 8 ? [...names, ...others] : names]) : [...groups, [8, [...others]]];
}
