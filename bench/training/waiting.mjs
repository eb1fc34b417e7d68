// How long a training step waits for its batch, on real images with augmentation: node bench/training/waiting.mjs DATA [NETWORK ...]
//
// DATA is any set of 32×32 images; networks are those of networks.mjs that take such. Trains one epoch of each and prints a table in Markdown.
import { architecture, createNodeRuntime, createTask, openDataset, train } from 'espalier';

const [data, ...names] = process.argv.slice(2);
const networks =
  names.length > 0 ? names : ['survey-cnn ×0.25', 'survey-cnn ×1', 'resnet-8 ×1', 'resnet-20 ×1', 'mobilenet ×1', 'fast-cnn ×0.5'];
const augment = [{ name: 'flip' }, { name: 'crop', pixels: 2, padding: 'reflect' }];
const source = await openDataset(data);
const runtime = createNodeRuntime();
console.log('| network | a step | waiting for its batch |\n| --- | --- | --- |');
for (const label of networks) {
  const [name, width] = label.split(' ×');
  const model = architecture(name).build({ input: [3, 32, 32], classes: source.train.targets.classes.length, width: Number(width) });
  const { task } = await createTask(model, source, runtime, { untrained: true });
  let steps = 0;
  let start = 0;
  const onProgress = ({ done }) => {
    // The first step loads what is only loaded once.
    if (done === 1) start = performance.now();
    steps = done - 1;
  };
  const options = { epochs: 1, batchSize: 128, augment, evaluateEvery: 0, evaluateLimit: 1 };
  const { waiting } = await train({ model, task, runtime, options, onProgress });
  console.log(`| ${label} | ${((performance.now() - start) / steps).toFixed(1)} ms | ${(100 * waiting).toFixed(1)}% |`);
}
await source.close();
await runtime.dispose();
