import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { surveyCnn } from 'espalier/architectures';
import { Tensor } from 'espalier/onnx';
import { saveModel } from 'espalier/onnx/node';
import { espalier, espalierMany } from './run.js';

let folder: string;
const at = (...parts: string[]) => join(folder, ...parts);

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'espalier-misuse-'));
  const model = surveyCnn.build({ input: [1, 8, 8], classes: 10, width: 0.1 });
  await saveModel(model, at('net.onnx'));
  const [weight] = [...model.graph.initializers].filter((value) => value.initializer?.dtype === 'float32');
  const size = weight.initializer?.size ?? 0;
  weight.initializer = Tensor.of('float32', weight.initializer?.shape ?? [], new Float32Array(size).fill(Number.NaN));
  await saveModel(model, at('nan.onnx'));
  writeFileSync(at('text.onnx'), 'this is no model');
  writeFileSync(at('empty.csv'), '');
  writeFileSync(at('one.csv'), 'a,b,label\n1,2,x\n3,4,x\n5,6,x\n');
  mkdirSync(at('nothing'));
});
after(() => rmSync(folder, { recursive: true, force: true }));

/** Wrong command lines, the exit code (2 for what can be seen in the command line, 1 for what it names), and what the message must say. */
const wrong: [string, number, RegExp][] = [
  ['', 2, /Usage: espalier/],
  ['frobnicate', 2, /unknown command 'frobnicate'/],
  ['inspect', 2, /missing required argument 'model'/],
  ['inspect missing.onnx', 1, /missing\.onnx/],
  ['inspect nothing', 1, /not a file/],
  ['inspect text.onnx', 1, /text\.onnx: .*ONNX/],
  ['inspect net.onnx --batch 0', 2, /--batch.*whole number of at least 1/],
  ['inspect net.onnx --html nothing', 1, /folder/],
  ['bench net.onnx --runs many', 2, /--runs/],
  ['bench net.onnx --backend tpu', 2, /--backend.*cpu, webgpu/],
  ['train --data digits -o x.onnx', 2, /either --arch or --model/],
  ['train --arch vgg --data digits -o x.onnx', 2, /survey-cnn/],
  ['train --arch survey-cnn --data iris -o x.onnx', 2, /take images.*mlp/],
  ['train --arch survey-cnn --data nowhere -o x.onnx', 1, /nowhere/],
  ['train --arch survey-cnn --data digits -o no/such/x.onnx', 1, /no such folder/],
  ['train --arch survey-cnn --data digits -o x.onnx --epochs 1.5', 2, /--epochs/],
  ['train --arch survey-cnn --data digits -o x.onnx --augment spin', 2, /flip.*crop/],
  ['train --arch survey-cnn --data digits -o x.onnx --seed -1', 2, /--seed/],
  ['train --arch survey-cnn --data digits -o x.onnx --optimizer rmsprop', 2, /--optimizer.*lion, lamb/],
  ['train --arch survey-cnn --data digits -o x.onnx --accumulate 0', 2, /--accumulate/],
  ['train --arch survey-cnn --data digits -o x.onnx --batch-size 64 --accumulate 7', 2, /"accumulate".*divisor of batchSize, which is 64/],
  ['train --arch survey-cnn --data digits -o x.onnx --freeze-depth 1.5', 2, /--freeze-depth/],
  ['train --arch survey-cnn --data digits -o x.onnx --freeze nothing.*', 2, /no weight "nothing\.\*" to freeze/],
  ['train --arch survey-cnn --data digits -o x.onnx --rate-factors stem', 2, /--rate-factors.*NAME=FACTOR/],
  ['eval net.onnx --data iris', 1, /3 classes.*--fidelity/],
  ['eval net.onnx --data one.csv', 1, /same label/],
  ['eval net.onnx --data empty.csv', 1, /empty\.csv/],
  ['eval net.onnx --data nothing', 1, /nothing/],
  ['eval net.onnx --data digits --preprocess magic', 2, /magic.*imagenet/],
  ['eval net.onnx --data digits --scores out', 2, /no output "out"/],
  ['eval nan.onnx --data digits', 1, /are not a number \(NaN\)/],
  ['quantize net.onnx -o q.onnx', 2, /needs data.*--dynamic/],
  ['quantize net.onnx --dynamic --weights -o q.onnx', 2, /cannot be used with/],
  ['quantize net.onnx --dynamic', 2, /--out/],
  ['prune net.onnx --data digits --target macs=2 -o p.onnx', 2, /macs=0\.5/],
  ['distill --teacher net.onnx --data digits -o d.onnx', 2, /either --student or --arch/],
  ['apply magic net.onnx --data digits -o a.onnx', 2, /no technique "magic".*flip-ensemble/],
  ['apply quantize net.onnx --data digits -o a.onnx --set mode', 2, /--set.*epochs=3/],
  ['apply quantize net.onnx -o a.onnx', 2, /"quantize" needs data.*--mode dynamic, or --mode weights, or --mode half, which needs none/],
  ['apply distill net.onnx -o a.onnx', 2, /"distill" needs data/],
  ['apply weight-sharing net.onnx -o a.onnx --bits 9', 2, /"weight-sharing", --bits/],
  ['apply weight-sharing net.onnx -o a.onnx --bits few', 2, /--bits.*Expected a whole number/],
  ['apply weight-sharing net.onnx -o a.onnx --keep 0.5', 2, /unknown option '--keep'/],
  ['apply prune net.onnx -o a.onnx --tuning some', 2, /--tuning.*distill, train, none/],
  ['prune net.onnx --data digits -o a.onnx --pattern 2:4', 2, /--pattern is for zeros\. Give --target sparsity=0\.5/],
  ['prune net.onnx --data digits -o a.onnx --target sparsity=0.5 --structure heads', 2, /--structure is for what goes as a whole/],
  ['apply quantize net.onnx --data digits -o a.onnx --set mode=magic', 2, /"quantize", --mode.*static/],
  ['apply none.json net.onnx --data digits -o a.onnx', 1, /none\.json.*no such file/],
  ['techniques magic', 2, /no technique "magic"/],
  ['optimize --data digits --out o', 2, /either a model or --arch/],
  ['optimize net.onnx --arch survey-cnn --data digits --out o', 2, /either a model or --arch/],
  ['optimize net.onnx --data digits --out text.onnx', 1, /file is in the way/],
  ['optimize net.onnx --data digits --out o --max-size 0', 2, /--max-size.*100KB/],
  ['optimize net.onnx --data digits --out o --budget soon', 2, /--budget.*30m/],
  ['optimize net.onnx --data digits --out o --objectives speed', 2, /--objectives.*latency/],
  ['optimize net.onnx --data digits --out o --families resnet-9', 2, /--families.*resnet-8/],
  ['optimize net.onnx --data digits --out o --families resnet-8', 2, /grow-improve-shrink.*--strategy/],
  ['report nothing', 1, /no run here/],
  ...[
    'inspect',
    'bench',
    'plan',
    'compile',
    'estimate',
    'convert -o c.tflite',
    'quantize --dynamic -o q.onnx',
    'apply weight-sharing -o a.onnx',
  ].flatMap((line): [string, number, RegExp][] => [
    [`${line} net.onnx --shape nope=1x2`, 2, /no input "nope".*one of input \[N, 1, 8, 8\]/],
    [`${line} net.onnx --shape input=1x3x8x8`, 2, /does not fit input "input"\. Expected \[N,1,8,8\], got \[1,3,8,8\]/],
  ]),
  ['optimize net.onnx --data digits --out o --serving none --price-per-hour 1', 2, /price.*served/],
  ['optimize net.onnx --data digits --out o --serving foo', 2, /1,2,4, or none/],
  ['estimate net.onnx --threads 2', 2, /--threads is for calibrating.*--calibrate/],
  ['estimate net.onnx -o x.json', 2, /--out is for calibrating/],
  ['plan net.onnx --patches 5', 2, /--patches.*from 0 to 1/],
  ['plan --patches net.onnx', 2, /--patches.*stand before the option/],
  ['compile net.onnx --target wasm --small', 2, /--small is for C/],
  ['compile net.onnx --tune-budget 10s', 2, /--tune-budget.*Give --tune/],
  ['convert net.onnx --layout channels-last -o c.onnx', 2, /--layout.*\.tflite/],
  ['plan net.onnx --shape input=1x1x8x8;input=2x1x8x8', 2, /one shape for each input/],
  ['plan net.onnx --shape input=99999999999999999999x1x8x8', 2, /--shape.*elements/],
  ...['inspect', 'bench', 'estimate'].map((line): [string, number, RegExp] => [
    `${line} net.onnx --dims nope=2`,
    2,
    /no open dimension "nope".*one of N/,
  ]),
];

/** Folders where Linux makes none: Node's own recursive way never ends there. */
const refused: [string, number, RegExp][] = [
  'compile net.onnx --no-check -o',
  'sample table -o',
  'demo --out',
  'optimize net.onnx --data digits --out',
].map((line) => [`${line} /proc/nope/more`, 1, /\/proc\/nope.*cannot be made.*Name another folder/]);
if (process.platform === 'linux') wrong.push(...refused);

test('wrong command lines: one clear message on stderr, nothing on stdout, no stack, a code that tells misuse from failure', async () => {
  const lines = wrong.map(([line]) => (line === '' ? [] : line.split(' ')));
  await espalierMany(lines, folder, (ran, index) => {
    const [line, code, says] = wrong[index];
    assert.equal(ran.code, code, `${line}: ${ran.stderr}`);
    assert.match(ran.stderr, says, line);
    assert.equal(ran.stdout, '', line);
    assert.doesNotMatch(ran.stderr, /\n {4}at /, line);
    assert.doesNotMatch(ran.stderr, /defect of Espalier/, line);
  });
  assert.deepEqual(readdirSync(folder).sort(), ['empty.csv', 'nan.onnx', 'net.onnx', 'nothing', 'one.csv', 'text.onnx']);
});

test('a training whose loss explodes ends with a code of failure and leaves no model', async () => {
  const line =
    'train --arch survey-cnn --width 0.1 --data digits --epochs 2 --optimizer sgd --lr 1e6 --schedule constant --threads 1 -o wild.onnx';
  const { code, stdout, stderr } = await espalier(line.split(' '), { cwd: folder });
  assert.equal(code, 1, stderr);
  assert.match(stderr, /training diverged: its loss began at|loss became (NaN|-?Infinity)|no finite numbers any more/);
  assert.match(stderr, /smaller learning rate/);
  assert.doesNotMatch(stdout, /Wrote/);
  assert.ok(!readdirSync(folder).includes('wild.onnx'));
  for (const name of readdirSync(folder).filter((each) => each.startsWith('wild'))) rmSync(at(name), { recursive: true });
});

test('a model no better than guessing is called out before anything is optimized', async () => {
  const { code, stderr } = await espalier('optimize net.onnx --data digits --out guess'.split(' '), { cwd: folder });
  assert.equal(code, 1);
  assert.match(stderr, /no better than guessing/);
});

test('--verbose shows where an error comes from', async () => {
  const { stderr } = await espalier(['inspect', 'text.onnx', '--verbose'], { cwd: folder });
  assert.match(stderr, /\n {4}at /);
});
