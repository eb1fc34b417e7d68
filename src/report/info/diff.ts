import type { DiffInfo } from '../../diagnosis/index.js';
import { formatAgreement, formatChange, formatQuality, metricName, plural } from './format.js';

/** What two models answer differently, in sentences, the most important first. */
export function diffSummary({ models, quality, samples, changed, classes }: DiffInfo): string[] {
  const { before, after } = quality;
  const { metric } = after;
  const change = formatChange(metric, after.value - before.value, before);
  const score = `${metricName(metric)} ${formatQuality(metric, before.value, before.samples)} in ${models.before}, ${formatQuality(metric, after.value, after.samples)} in ${models.after} (${change}).`;
  const agreement = after.agreement ? [`Agreement: ${formatAgreement(after.agreement)}.`] : [];
  const lost = classes.reduce((sum, each) => sum + each.lost, 0);
  const gained = classes.reduce((sum, each) => sum + each.gained, 0);
  if (changed === undefined) return [score, `${plural(samples, 'sample')} were compared together, not one by one.`, ...agreement];
  const kinds =
    classes.length > 0 && changed > 0 ? `: ${lost} lost, ${gained} gained, ${changed - lost - gained} wrong in another way` : '';
  return [score, `${changed} of ${plural(samples, 'sample')} are answered differently${kinds}.`, ...agreement];
}

/** A share as "85%", or "under 1%". */
export function shareText(share: number): string {
  if (share > 0 && share < 0.01) return 'under 1%';
  return `${Math.round(100 * share)}%`;
}
