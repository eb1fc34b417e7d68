import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const page = fileURLToPath(new URL('../../docs/training-speed.md', import.meta.url));
const BEGIN = '<!-- table: begin -->';
const END = '<!-- table: end -->';

/** Replaces the table in docs/training-speed.md. */
export function writeTable(rows, { processor, cores, threads, node, torch, clock }, steps) {
  const text = readFileSync(page, 'utf8');
  const [before, rest] = text.split(BEGIN);
  const [, after] = rest.split(END);
  const sum = (name) => rows.reduce((total, row) => total + row[name], 0);
  const measure = clock === 'wall' ? 'wall-clock time' : 'processor time of all threads, without spinning';
  const where = [
    `${processor}, ${cores} cores, ${threads} threads; Node ${node}, onnxruntime-node ${ortVersion()}, PyTorch ${torch ?? 'not found'}.`,
    `Medians of ${steps} steps, ${measure}; ${sum('disturbed')} of ${sum('bursts')} bursts began on a machine busy with other work.`,
  ].join('\n');
  writeFileSync(page, `${before}${BEGIN}\n${table(rows)}\n\n${where}\n${END}${after}`);
}

function table(rows) {
  const compiled = rows.some(({ times }) => times.compiled !== undefined);
  const head = [
    'network',
    'plain',
    'blocked',
    'PyTorch contiguous',
    'PyTorch channels_last',
    ...(compiled ? ['torch.compile'] : []),
    'plain / best eager',
    'blocked / best eager',
    'memory',
    'PyTorch memory',
    'outside of ONNX Runtime',
  ];
  const lines = rows.map(({ label, times, wait, peaks }) => {
    const best = Math.min(times.contiguous ?? Number.NaN, times.channelsLast ?? Number.POSITIVE_INFINITY);
    const ratio = (time) => (Number.isFinite(best) ? (time / best).toFixed(2) : 'no PyTorch');
    const milliseconds = (time) => (time === undefined ? '–' : `${time.toFixed(1)} ms`);
    const megabytes = (bytes) => (bytes === undefined ? '–' : `${(bytes / 1e6).toFixed(0)} MB`);
    return [
      label,
      ...[times.plain, times.blocked, times.contiguous, times.channelsLast, ...(compiled ? [times.compiled] : [])].map(milliseconds),
      ratio(times.plain),
      ratio(times.blocked),
      megabytes(peaks.espalier),
      megabytes(peaks.torch),
      wait === undefined ? '–' : `${wait.toFixed(2)} ms`,
    ];
  });
  return [head, head.map(() => '---'), ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function ortVersion() {
  return JSON.parse(readFileSync(new URL('../../node_modules/onnxruntime-node/package.json', import.meta.url), 'utf8')).version;
}
