// What a run came to: written, refused with a reason, or a fault of Espalier's.
import { existsSync } from 'node:fs';

/** Words of a runtime or of JavaScript that a user is never to read as a reason. */
const INTERNAL =
  /non-zero status|onnxruntime::|\/onnxruntime\/|cannot read propert|is not a function|is not iterable|undefined|NaN\b(?! in the data)|\[object|\n\s+at /i;

/**
 * @param ended how the process ended.
 * @param kept what has to hold of the files: the original is what it was, and sizes of both.
 */
export function judged(ended, { out, isSame, sizes, noted }) {
  const { status, signal, over, stdout, stderr, seconds, peak } = ended;
  const facts = { seconds, megabytes: peak };
  const fault = (why) => ({ outcome: 'failed', why, ...facts });
  if (over) return fault(over);
  if (!isSame()) return fault('the original was changed');
  const found = parsed(stdout);
  const last = stderr.trim().split('\n').at(-1);
  if (!found) return fault(`no result: exit code ${status ?? signal}; ${last}`);
  if (status !== 0) {
    const { name = 'no name', message = last } = found.error ?? {};
    if (existsSync(out)) return fault(`a file and exit code ${status}: ${message}`);
    if (name === 'Defect' || INTERNAL.test(message)) return fault(`${name}: ${message}`);
    return { outcome: name === 'Refused' ? 'refused' : 'not for it', why: message, ...facts };
  }
  if (noted) return { outcome: 'done', ...noted(found), ...facts };
  if (!existsSync(out)) return fault('exit code 0 and no file');
  const { proof, time, quality } = found;
  const [worst] = proof?.outputs ?? [];
  if (!proof?.runs) return fault(`not compared with the original: ${proof?.remark}`);
  const { before, after } = sizes();
  return {
    outcome: 'written',
    size: after / before,
    worst: worst && wordsOf(worst),
    sqnr: worst?.sqnr,
    inputs: proof.inputs,
    time: time && [time.ratio, ...time.interval],
    milliseconds: time?.before,
    quality: quality?.before && quality.after && [quality.before.value, quality.after.value],
    metric: quality?.after?.name,
    ...facts,
  };
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** How an output fares, as a JSON document has it. */
function wordsOf({ identical, broken, sqnr, same, remark }) {
  if (identical || broken) return identical ? 'identical' : 'broken';
  if (typeof sqnr === 'number') return `${sqnr.toFixed(1)} dB`;
  return same === undefined ? (remark ?? 'unknown') : `${(100 * same).toFixed(0)}% the same`;
}
