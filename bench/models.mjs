// What each way to make a model smaller does to each real model: written or refused and why, size, fidelity, time. Writes the table into docs/models.md:
//   node bench/models.mjs --results results.json [--folder ../shared/models] [--seconds 300] [--ways dynamic,weights] [MODEL ...]
// Results are kept in the file as they come, and what is there is not measured again; without models left to measure only the table is written.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = fileURLToPath(new URL('..', import.meta.url));
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    results: { type: 'string' },
    folder: { type: 'string', default: join(root, '..', 'shared', 'models') },
    seconds: { type: 'string', default: '300' },
    ways: { type: 'string', default: 'dynamic,weights,minify,simplify,static' },
    one: { type: 'string' },
  },
});

/** Ways by name; those without arguments of the command line are done by the library. */
const WAYS = {
  dynamic: ['--dynamic'],
  weights: ['--weights'],
  static: ['--data', 'synthetic', '--limit', '40'],
  simplify: undefined,
  minify: undefined,
};

if (values.one) await oneByLibrary(values.one, ...positionals);
else sweep();

function sweep() {
  if (!values.results) throw new Error('Usage: node bench/models.mjs --results FILE [--folder FOLDER] [--seconds LIMIT] [MODEL ...]');
  const known = existsSync(values.results) ? JSON.parse(readFileSync(values.results, 'utf8')) : {};
  const models = readdirSync(values.folder)
    .filter((name) => name.endsWith('.onnx'))
    .map((name) => basename(name, '.onnx'));
  for (const way of values.ways.split(','))
    for (const model of models.filter((name) => positionals.length === 0 || positionals.includes(name))) {
      known[model] ??= {};
      if (known[model][way]) continue;
      known[model][way] = tried(model, way);
      console.log(`${model} ${way}: ${JSON.stringify(known[model][way])}`);
      writeFileSync(values.results, JSON.stringify(known, null, 1));
    }
  writeTable(known);
}

function tried(model, way) {
  const path = join(values.folder, `${model}.onnx`);
  const folder = mkdtempSync(join(tmpdir(), 'espalier-models-'));
  const out = join(folder, 'made.onnx');
  const args = WAYS[way]
    ? [join(root, 'bin', 'espalier.js'), 'quantize', path, ...WAYS[way], '-o', out, '--json']
    : [fileURLToPath(import.meta.url), '--one', way, path, out];
  try {
    const { status, stdout, stderr, error } = spawnSync(process.execPath, args, {
      encoding: 'utf8',
      timeout: 1000 * Number(values.seconds),
      killSignal: 'SIGKILL',
      maxBuffer: 2 ** 28,
    });
    if (error?.code === 'ETIMEDOUT') return { outcome: `not done in ${values.seconds} s` };
    // Nothing that says why is no refusal, but a crash.
    if (!stdout) return { outcome: `failed: ${stderr.trim().split('\n').at(-1)}` };
    const found = JSON.parse(stdout);
    if (status !== 0) return { outcome: 'refused', why: found.error?.message ?? stderr.trim().split('\n').at(-1), left: existsSync(out) };
    const [worst] = found.proof?.outputs ?? [];
    return {
      outcome: 'written',
      size: statSync(out).size / statSync(path).size,
      worst: worst && wordsOf(worst),
      inputs: found.proof?.remark ?? found.proof?.inputs,
      time: found.time && [found.time.ratio, ...found.time.interval],
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** How an output fares, as a JSON document has it. */
function wordsOf({ identical, broken, sqnr, same, remark }) {
  if (identical || broken) return identical ? 'identical' : 'broken';
  if (typeof sqnr === 'number') return `${sqnr.toFixed(1)} dB`;
  return same === undefined ? (remark ?? 'unknown') : `${(100 * same).toFixed(0)}% the same`;
}

/** Passes that no command of their own has: made, written, and proved in the same way. */
async function oneByLibrary(way, path, out) {
  const { loadModel, saveModel } = await import('espalier/onnx/node');
  const { createNodeRuntime } = await import('espalier/infrastructure/runtime/node');
  const { compareLatency } = await import('espalier/infrastructure/hardware/node');
  const { inventedFeeds, noiseFaults, prove } = await import('espalier/diagnosis');
  const { simplify } = await import('espalier/infrastructure/compiler');
  const { minifyModel } = await import('espalier/compression/packaging');
  const { inferShapes } = await import('espalier/ops');
  const runtime = createNodeRuntime({ threads: 1 });
  try {
    const before = loadModel(path);
    inferShapes(before);
    const after = way === 'simplify' ? await simplify(before, runtime) : minifyModel(before);
    let [proof, time] = [];
    await saveModel(after, out, {
      check: async (draft) => {
        proof = await prove({ before, after, source: { path: draft }, runtime });
        const [fault] = noiseFaults(proof, before);
        if (fault) throw new Error(fault);
        const feeds = proof.runs > 0 ? inventedFeeds(before, proof.invented) : undefined;
        const settings = { threads: 1, warmup: 2, runs: 1, minSeconds: 1, maxSeconds: 2.5, feeds };
        time = feeds && (await compareLatency(runtime, [{ path }, { path: draft }], settings).catch(() => undefined));
      },
    });
    const outputs = proof.outputs.map(({ sqnr, ...rest }) => ({ ...rest, ...(sqnr === Infinity ? { identical: true } : { sqnr }) }));
    const timed = time && { ratio: time[1].ratio, interval: [time[1].interval.low, time[1].interval.high] };
    process.stdout.write(JSON.stringify({ proof: { ...proof, outputs }, time: timed }));
  } catch (error) {
    // A reason, as the command line gives it.
    process.stdout.write(JSON.stringify({ error: { message: error.message } }));
    process.exitCode = 1;
  } finally {
    await runtime.dispose();
  }
}

function writeTable(known) {
  const rows = Object.keys(known)
    .sort()
    .flatMap((model) =>
      Object.keys(WAYS)
        .filter((way) => known[model][way])
        .map((way) => `| ${model} | ${way} | ${cells(known[model][way]).join(' | ')} |`),
    );
  const table = ['| model | way | file | worst output | time, 95% interval | |', '| --- | --- | --- | --- | --- | --- |', ...rows].join(
    '\n',
  );
  const page = join(root, 'docs', 'models.md');
  const text = readFileSync(page, 'utf8').replace(
    /<!-- models: begin -->[\s\S]*<!-- models: end -->/,
    () => `<!-- models: begin -->\n${table}\n<!-- models: end -->`,
  );
  writeFileSync(page, text);
}

function cells({ outcome, why, size, worst, inputs, time }) {
  if (outcome !== 'written') return ['–', '', '', `${outcome}${why ? `: ${short(why)}` : ''}`];
  const ratio = time ? `${time[0].toFixed(2)}× (${time[1].toFixed(2)} to ${time[2].toFixed(2)})` : '';
  return [`${size.toFixed(2)}×`, worst ?? '', ratio, inputs === 'samples' || inputs === 'made-up' ? '' : short(inputs ?? '')];
}

/** A reason without the paths in it, as a cell of a table. */
function short(text) {
  const plain = text
    .replaceAll(/\S*\/(?=[^/\s]+\.onnx)/g, '')
    .replaceAll('|', '\\|')
    .replaceAll('\n', ' ');
  return plain.length > 240 ? `${plain.slice(0, 240)}…` : plain;
}
