import { architecture } from 'espalier/architectures';
import { arrayDataset, classTargets, parseCsv } from 'espalier/data';
import { createWebRuntime } from 'espalier/infrastructure/runtime/web';
import { createTask } from 'espalier/modalities';
import { encodeModel } from 'espalier/onnx';
import { evaluate, feedsOf, train } from 'espalier/training';
import { drawCurve } from './curve.js';

const SIDE = 8;
/** Digits of the test part that are shown. */
const SHOWN = 24;
const widths = { 'survey-cnn': 0.25, 'resnet-8': 0.5 };
const element = (id) => document.getElementById(id);
const threads = element('threads');
threads.value = self.crossOriginIsolated ? navigator.hardwareConcurrency : 1;
if (!navigator.gpu) element('backend').options[1].disabled = true;
let controller;

element('settings').addEventListener('submit', async (event) => {
  event.preventDefault();
  controller = new AbortController();
  toggle(true);
  const runtime = createWebRuntime({ threads: Number(threads.value) });
  try {
    await run(runtime, controller.signal);
  } catch (error) {
    if (controller.signal.aborted) say('idle', 'Stopped.');
    else say('failed', error.message);
  } finally {
    await runtime.dispose();
    toggle(false);
  }
});
element('stop').addEventListener('click', () => controller.abort());

async function run(runtime, signal) {
  say('running', 'Reading the digits …');
  const source = await digits();
  const network = element('network').value;
  const model = architecture(network).build({ input: [1, SIDE, SIDE], classes: 10, width: widths[network], seed: 1 });
  const { task } = await createTask(model, source, runtime, { preprocess: '0-1', untrained: true });
  const backend = element('backend').value;
  const epochs = Number(element('epochs').value);
  const watch = watcher();
  say('running', 'Starting ONNX Runtime …');
  const result = await train({
    model,
    task,
    runtime,
    backend,
    options: { epochs, batchSize: 64, learningRate: 0.003 },
    onProgress: (progress) => watch.step(progress),
    onEpoch: ({ epoch, quality }) => {
      watch.epoch();
      element('accuracy').textContent = percent(quality);
      say('running', `Epoch ${epoch} of ${epochs} is done.`);
    },
    signal,
  });
  const quality = await evaluate(result.model, task, runtime, { split: 'test', backend, signal });
  await showOutcome(result.model, task, runtime, quality, { backend, signal });
  say('done', `Trained for ${epochs} epochs.`);
}

/** The package's digits; the server sends them with their compression named, so that the browser unpacks them. */
async function digits() {
  const response = await fetch('/assets/digits.csv.gz');
  const { features, labels } = parseCsv(new Uint8Array(await response.arrayBuffer()), 'digits', { header: false });
  const image = { type: 'uint8', shape: [features.shape[0], SIDE, SIDE, 1], data: Uint8Array.from(features.data) };
  const classes = Array.from({ length: 10 }, (_, digit) => String(digit));
  const train = arrayDataset({
    name: 'digits',
    inputs: { image },
    kinds: { image: { kind: 'image', range: [0, 16] } },
    targets: classTargets(Int32Array.from(labels, Number), classes),
  });
  return { name: 'digits', format: 'built-in', train, close: async () => undefined };
}

/** Shows each step as it is done. */
function watcher() {
  const losses = [];
  const epochs = [];
  let sum = { epoch: 0, loss: 0, steps: 0 };
  let last;
  let speed;
  return {
    step({ done, total, facts }) {
      if (sum.epoch !== facts.epoch) sum = { epoch: facts.epoch, loss: 0, steps: 0 };
      // What is told is the mean of the epoch so far.
      const loss = facts.loss * (sum.steps + 1) - sum.loss;
      sum = { epoch: facts.epoch, loss: sum.loss + loss, steps: sum.steps + 1 };
      losses.push(loss);
      const now = performance.now();
      if (last !== undefined) speed = speed === undefined ? now - last : 0.9 * speed + 0.1 * (now - last);
      last = now;
      element('step').textContent = `${done} of ${total}`;
      element('loss').textContent = loss.toFixed(3);
      if (speed !== undefined) element('speed').textContent = `${speed.toFixed(speed < 10 ? 1 : 0)} ms`;
      drawCurve(element('curve'), losses, epochs, total);
    },
    epoch() {
      epochs.push(losses.length);
      last = undefined;
    },
  };
}

async function showOutcome(model, task, runtime, quality, options) {
  const { test } = task.splits;
  const batch = await test.read(Int32Array.from({ length: SHOWN }, (_, index) => index));
  const program = await runtime.compile(model, options);
  const scores = (await program.run(feedsOf(task.feeds, batch), task.outputs))[task.outputs[0]].numbers();
  await program.dispose();
  const pixels = Object.values(batch.inputs)[0].data;
  const figures = Array.from({ length: SHOWN }, (_, index) => {
    const row = scores.subarray(index * 10, (index + 1) * 10);
    const image = pixels.subarray(index * SIDE * SIDE, (index + 1) * SIDE * SIDE);
    return digitFigure(image, row.indexOf(Math.max(...row)), batch.targets.values[index]);
  });
  element('digits').replaceChildren(...figures);
  element('verdict').textContent = `${percent(quality.value)} of ${quality.samples} digits that it never saw are read rightly`;
  URL.revokeObjectURL(element('download').href);
  element('download').href = URL.createObjectURL(new Blob([encodeModel(model)]));
  element('outcome').hidden = false;
}

function digitFigure(image, guess, label) {
  const canvas = Object.assign(document.createElement('canvas'), { width: SIDE, height: SIDE });
  const data = new ImageData(SIDE, SIDE);
  image.forEach((value, index) => {
    data.data.set([0, 0, 0].fill(255 - (value * 255) / 16).concat(255), 4 * index);
  });
  canvas.getContext('2d').putImageData(data, 0, 0);
  const caption = document.createElement('figcaption');
  caption.textContent = guess === label ? guess : `${guess}, is ${label}`;
  const figure = document.createElement('figure');
  figure.className = guess === label ? 'right' : 'wrong';
  figure.append(canvas, caption);
  return figure;
}

function toggle(running) {
  element('start').disabled = running;
  element('stop').disabled = !running;
  for (const id of ['network', 'backend', 'threads', 'epochs']) element(id).disabled = running;
  if (running) element('outcome').hidden = true;
}

function say(state, text) {
  element('status').dataset.state = state;
  element('status').textContent = text;
}

function percent(share) {
  return `${(100 * share).toFixed(1)}%`;
}
