// npm run fuzz -- [--cases 100000] [--from 0] [--out FILE]: hunts for hostile files that are not refused as they should be. It keeps its summary
// in FILE as it goes, and the same command goes on from there; what it found before, it tries again first.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { emptySummary, hunt, LONGEST_STAGE, MOST_MEMORY, type Summary } from './hunt.js';

/** Milliseconds after which a case hangs. */
const PATIENCE = 120_000;

const { values } = parseArgs({
  options: {
    cases: { type: 'string', default: '100000' },
    from: { type: 'string', default: '0' },
    out: { type: 'string', default: 'fuzz.json' },
  },
});
const [wanted, from] = [Number(values.cases), Number(values.from)];
const kept: (Summary & { from: number }) | undefined = existsSync(values.out) ? JSON.parse(readFileSync(values.out, 'utf8')) : undefined;
const summary: Summary = kept?.from === from ? kept : emptySummary();
const before = summary.cases;
const started = performance.now();
const limits = { longestStage: LONGEST_STAGE, patience: PATIENCE };

function write(): void {
  const about = {
    wanted,
    from,
    limits: { milliseconds: LONGEST_STAGE, bytes: MOST_MEMORY },
    node: process.version,
    cores: availableParallelism(),
  };
  writeFileSync(values.out, `${JSON.stringify({ ...about, ...summary }, null, 2)}\n`);
}

function say(): void {
  const done = summary.cases - before;
  const left = (((performance.now() - started) / done) * (wanted - summary.cases)) / 60_000;
  process.stderr.write(`${summary.cases} of ${wanted} cases, ${summary.findings.length} findings, ${left.toFixed(1)} min left\n`);
}

for (const { number } of summary.findings.splice(0)) {
  summary.cases--;
  await hunt({ ...limits, from: number, cases: 1, all: true, summary });
}

let said = started;
let told = 0;
await hunt({
  ...limits,
  from: from + before,
  cases: Math.max(0, wanted - before),
  all: true,
  summary,
  onCase: () => {
    for (const { number, kind, what, detail } of summary.findings.slice(told))
      process.stdout.write(`${kind} in case ${number} (${what}): ${detail}\n`);
    told = summary.findings.length;
    if (performance.now() - said < 10_000) return;
    said = performance.now();
    write();
    say();
  },
});
write();
process.stdout.write(
  `${summary.cases} cases: ${summary.accepted} went through, ${summary.cases - summary.accepted - summary.findings.length} were refused, ${summary.findings.length} findings.\n`,
);
process.exitCode = summary.findings.length > 0 ? 1 : 0;
