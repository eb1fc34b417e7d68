// How long the command line takes to start: medians of several runs, each command in turn, beside an empty Node.
//
//   npm run build && node bench/startup.mjs [--runs 15]
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const { values } = parseArgs({ options: { runs: { type: 'string', default: '15' } } });
const program = fileURLToPath(new URL('../bin/espalier.js', import.meta.url));
const cli = (...args) => [program, ...args];
const library = (name) => ['--input-type=module', '-e', `import '${name}'`];
const starts = {
  'node -e 0': ['-e', '0'],
  'espalier --version': cli('--version'),
  'espalier --help': cli('--help'),
  'espalier inspect --help': cli('inspect', '--help'),
  'espalier inspect, no such model': cli('inspect', 'none.onnx'),
  'espalier techniques': cli('techniques'),
  'espalier optimize --help': cli('optimize', '--help'),
  "import 'espalier'": library('espalier'),
  "import 'espalier/onnx'": library('espalier/onnx'),
};

const times = Object.fromEntries(Object.keys(starts).map((name) => [name, []]));
for (let run = 0; run < Number(values.runs); run++) {
  for (const [name, args] of Object.entries(starts)) {
    const begun = performance.now();
    spawnSync(process.execPath, args, { cwd: fileURLToPath(new URL('..', import.meta.url)) });
    times[name].push(performance.now() - begun);
  }
}
const median = (list) => list.sort((a, b) => a - b)[Math.floor(list.length / 2)];
const empty = median(times['node -e 0']);
for (const [name, list] of Object.entries(times)) {
  const time = median(list);
  console.log(`${name.padEnd(34)}${time.toFixed(0).padStart(6)} ms${(time / empty).toFixed(1).padStart(8)}x`);
}
