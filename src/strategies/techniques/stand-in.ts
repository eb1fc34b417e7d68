import type { ArchitectureRequest } from '../../architectures/index.js';
import { OptionError } from '../../base/index.js';
import { type Model, staticShape } from '../../onnx/index.js';
import type { Task } from '../../training/index.js';

/** Of gray and of colour images. */
const CHANNELS = [1, 3];

/** Kind of the samples that a task's model takes, and of the preparation that makes its input of them. */
export function takenBy(task: Task): { kind: string; prepared?: string } {
  const [{ from, preprocess }] = task.feeds;
  const { kind } = task.splits.train.inputs.find(({ name }) => name === from) ?? task.splits.train.inputs[0];
  return { kind, ...(preprocess.prepare && { prepared: preprocess.prepare.kind }) };
}

/** What an architecture takes and gives to stand in for a model. @throws OptionError where none could. */
export function standInRequest({ graph }: Model, task: Task): Pick<ArchitectureRequest, 'input' | 'classes' | 'numbers' | 'vocabulary'> {
  if (task.width === undefined)
    throw new OptionError({
      what: 'No architecture could stand in for this task',
      expected: 'labels or numbers in the data, and a model with one score for each',
      got: task.title,
    });
  const [first, ...others] = graph.feeds;
  const sample = staticShape(first?.shape?.slice(1));
  const { kind } = takenBy(task);
  const isImage = sample?.length === 3 && CHANNELS.includes(sample[0]);
  if (others.length > 0 || !sample || (kind === 'image' && !isImage)) throw takesAnother(graph, kind);
  const vocabulary = task.feeds[0].preprocess.prepare?.vocabulary;
  return {
    input: sample,
    classes: task.width,
    numbers: task.splits.train.targets?.kind === 'numbers',
    ...(typeof vocabulary === 'number' && { vocabulary }),
  };
}

function takesAnother({ feeds }: Model['graph'], kind: string): OptionError {
  return new OptionError({
    what: kind === 'image' ? 'The architectures are for images, channels first' : 'No architecture could stand in for this model',
    expected:
      kind === 'image'
        ? 'a single input [N, channels, height, width] of 1 or 3 channels and a known size'
        : 'a single input of a known size',
    got: feeds.map(({ name, shape }) => `"${name}" [${shape?.map((dim) => (typeof dim === 'number' ? dim : '?')) ?? '?'}]`).join(', '),
  });
}
