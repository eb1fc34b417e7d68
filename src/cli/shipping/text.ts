import { excuses, inputsOf, judgedOutputs, LEAST_SAME, LEAST_SQNR, noiseText } from '../../diagnosis/index.js';
import { row } from '../quality.js';
import type { Shipped } from './ship.js';
import type { PairedTime } from './time.js';

/** What leads: why a model would not have been written, and whether it is slower. */
export function leadingLines({ forced, time, proof }: Shipped): string[] {
  return [
    ...forced.map((fault) => `FORCED: ${fault}.`),
    ...(typeof time === 'object' && time.verdict === 'slower'
      ? [`Slower than before: ${time.ratio.toFixed(2)} times as long (95% interval ${span(time)}).`]
      : []),
    ...(proof?.remark ? [`Not compared with the original. ${proof.remark}`] : []),
  ];
}

/** The worst output beside the original's, and the time before and after. */
export function proofLines({ proof, time }: Pick<Shipped, 'proof' | 'time'>): string[] {
  const [worst] = proof ? judgedOutputs(proof) : [];
  return [
    ...(proof && worst
      ? [row('worst output', '', noiseText(worst), `"${worst.output}", ${proof.outputs.length} compared on ${inputsOf(proof)}`)]
      : []),
    ...(proof ? excuses(proof) : []),
    ...missedLines(proof),
    ...(time === undefined ? [] : typeof time === 'string' ? [time] : [timeLine(time)]),
  ];
}

/** Branches that are listed. */
const MOST_MISSED = 5;

function missedLines(proof: Shipped['proof']): string[] {
  const { missed = [] } = proof ?? {};
  if (!proof || missed.length === 0) return [];
  const more = missed.length > MOST_MISSED ? ` and ${missed.length - MOST_MISSED} more` : '';
  return [`Not compared, because none of ${inputsOf(proof)} enters it: ${missed.slice(0, MOST_MISSED).join(', ')}${more}.`];
}

function timeLine(time: PairedTime): string {
  const { before, after, ratio, verdict, threads } = time;
  const told = verdict === 'as fast' ? 'as fast as can be told' : verdict;
  const change = `${ratio.toFixed(2)}x (${span(time)}), ${told}, ${threads} thread${threads === 1 ? '' : 's'}`;
  return row('time', milliseconds(before), milliseconds(after), change);
}

function span({ interval: [low, high] }: PairedTime): string {
  return `${low.toFixed(2)} to ${high.toFixed(2)}`;
}

function milliseconds(value: number): string {
  return `${value < 100 ? value.toPrecision(3) : Math.round(value)} ms`;
}

/** What a JSON document says of it; infinities are no JSON. */
export function shippedFacts({ proof, time, forced }: Shipped): Record<string, unknown> {
  const outputs = proof?.outputs.map(({ sqnr, ...noise }) => ({
    ...noise,
    ...(sqnr === Number.POSITIVE_INFINITY ? { identical: true } : sqnr === Number.NEGATIVE_INFINITY ? { broken: true } : { sqnr }),
  }));
  return {
    ...(proof && {
      proof: {
        inputs: proof.inputs,
        runs: proof.runs,
        samples: proof.samples,
        bound: LEAST_SQNR,
        boundSame: LEAST_SAME,
        outputs,
        own: proof.own,
        ownSame: proof.ownSame,
        missed: proof.missed,
        remark: proof.remark,
      },
    }),
    ...(typeof time === 'object' && { time }),
    ...(typeof time === 'string' && { timeRemark: time }),
    forced,
  };
}
