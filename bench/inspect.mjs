// How long `espalier inspect` takes on a 100 MB model, as a whole process: node bench/inspect.mjs
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Random } from 'espalier/base';
import { Graph, Model, SymbolicDim, Tensor } from 'espalier/onnx';
import { saveModel } from 'espalier/onnx/node';
import { typedBuilder } from 'espalier/ops';

const LAYERS = 25;
const WIDTH = 1000;
const RUNS = 7;

const folder = mkdtempSync(join(tmpdir(), 'espalier-bench-'));
const path = join(folder, 'large.onnx');
await saveModel(mlp(), path);

const bin = new URL('../bin/espalier.js', import.meta.url).pathname;
const time = (args) => {
  const start = performance.now();
  const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  return performance.now() - start;
};
const median = (values) => values.sort((a, b) => a - b)[values.length >> 1];
const inspect = median(Array.from({ length: RUNS }, () => time([bin, 'inspect', path, '--json'])));
const help = median(Array.from({ length: RUNS }, () => time([bin, 'inspect', '--help'])));
const start = performance.now();
readFileSync(path);
const read = performance.now() - start;
console.log(`model            ${(statSync(path).size / 1e6).toFixed(1)} MB, ${LAYERS} layers`);
console.log(`espalier inspect ${inspect.toFixed(0)} ms (median of ${RUNS} whole processes)`);
console.log(`--help           ${help.toFixed(0)} ms (starting the program)`);
console.log(`reading the file ${read.toFixed(0)} ms (inspect does not read the weights)`);
rmSync(folder, { recursive: true });

function mlp() {
  const random = new Random(0);
  const model = new Model(new Graph('mlp'), 17);
  const build = typedBuilder(model.graph, model.opsets);
  let x = build.input('x', 'float32', [SymbolicDim.named('N'), WIDTH]);
  for (let layer = 0; layer < LAYERS; layer++) {
    const weight = Float32Array.from({ length: WIDTH * WIDTH }, () => random.normal() * 0.03);
    x = build.op('Relu', [build.op('MatMul', [x, build.parameter(`w${layer}`, Tensor.of('float32', [WIDTH, WIDTH], weight))])]);
  }
  build.output(x, 'y');
  return model;
}
