// The tools that are compared, by name: what installs them, and the command that quantizes one model in one mode.
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));
const root = join(here, '..', '..');

/** Peers: what stands on PyPI under which name, each for an environment of its own, and the modes in which they are run. */
export const PEERS = {
  onnxruntime: { packages: ['onnxruntime', 'onnx', 'sympy', 'pillow'], modes: ['static', 'dynamic'] },
  nncf: { packages: ['nncf', 'onnx', 'onnxruntime'], modes: ['static', 'static-transformer', 'weights'] },
  'onnx-neural-compressor': {
    packages: ['onnx-neural-compressor', 'onnx', 'onnxruntime', 'prettytable', 'scipy'],
    modes: ['static', 'dynamic'],
  },
  'nvidia-modelopt': { packages: ['nvidia-modelopt[onnx]', 'onnxscript', 'onnxruntime'], modes: ['static'] },
  'aimet-onnx': { packages: ['aimet-onnx'], modes: ['static'] },
  'amd-quark': { packages: ['amd-quark', 'torch', 'onnx', 'onnxruntime'], modes: ['static'] },
};
const ESPALIER = { static: [], 'static-labels': [], dynamic: ['--dynamic'], weights: ['--weights'] };

/** Modes of every tool, Espalier's first. */
export const MODES = {
  espalier: Object.keys(ESPALIER),
  ...Object.fromEntries(Object.entries(PEERS).map(([name, { modes }]) => [name, modes])),
};

export const pythonOf = (environments, tool) => join(environments, tool, 'bin', 'python');

/** The command that quantizes `original` into `made` with what samples.py left in the folder `samples` and says in `about`. */
export function commandOf({ environments, tool, mode, original, made, samples, about }) {
  if (tool !== 'espalier')
    return [pythonOf(environments, tool), join(here, 'peers.py'), tool, mode, original, made, join(samples, 'calibration.npz')];
  const data = mode === 'static-labels' ? ['--data', join(samples, 'labelled.npz'), '--preprocess', 'raw'] : [];
  const inputs = Object.entries(about.inputs).flatMap(([name, file]) => ['--input', `${name}=${join(samples, file)}`]);
  const settings = ['--no-time', '--threads', '1', '--quiet', '-o', made];
  const command = [process.execPath, join(root, 'bin', 'espalier.js'), 'quantize', original, ...ESPALIER[mode]];
  return [...command, ...(mode === 'static' ? inputs : data), ...settings];
}

/** The command that loads what a tool needs, and a model of one node, and ends: what it takes is the memory of an idle process. */
export function idleCommandOf(environments, tool) {
  return tool === 'espalier'
    ? [process.execPath, join(here, 'idle.mjs')]
    : [pythonOf(environments, tool), join(here, 'peers.py'), tool, 'idle'];
}

/** Versions of a tool and what it runs on, by package. */
export function versionsOf(environments, tool) {
  if (tool === 'espalier') {
    const require = createRequire(import.meta.url);
    return { espalier: require(join(root, 'package.json')).version, 'onnxruntime-node': require('onnxruntime-node/package.json').version };
  }
  const names = [...new Set([tool, 'onnx', 'onnxruntime', 'torch'])];
  const script = `import json, importlib.metadata as m; print(json.dumps({n: m.version(n) for n in ${JSON.stringify(names)} if list(m.Distribution.discover(name=n))}))`;
  return JSON.parse(spawnSync(pythonOf(environments, tool), ['-c', script], { encoding: 'utf8' }).stdout);
}
