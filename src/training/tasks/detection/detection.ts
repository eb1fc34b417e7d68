import { DataError, OptionError } from '../../../base/index.js';
import type { Batch, BoxTargets } from '../../../data/index.js';
import { type AnyMetric, metricNamed, metricsOf, type TrueBox } from '../../../metrics/index.js';
import { type Dim, isFloat, type Model, staticShape } from '../../../onnx/index.js';
import { trainable } from '../../exposed.js';
import { meanPower } from '../../losses/power.js';
import { followReference } from '../../losses/reference.js';
import { doesNotFit, type TaskKind } from '../kind.js';
import { cutSelection, exposeSelection, selectedFrom } from '../selection.js';
import type { Collector, Goal, Outputs } from '../task.js';
import { type Found, placeBoxes } from './boxes.js';
import { type DetectionForm, detectionForm, KNOWN_FORMS } from './forms.js';

export interface DetectionOptions {
  /** The model that the task was made for. */
  model: Model;
  targets: Pick<BoxTargets, 'classes' | 'ids'>;
  /** The same model in front of its selection, with a free batch: losses follow it, because boxes themselves are not trained on. Default: the model. */
  teacher?: Model;
  /** The metric that leads. Default: mAP@50:95. */
  metric?: string | AnyMetric;
}

/**
 * Objects in images. Models are judged by the boxes that they find; losses follow the original's boxes and scores as they are before anything is
 * selected, because what makes a detector learn from boxes differs from family to family.
 * @throws DataError where the model's outputs have none of the forms that are known.
 */
export function detection(options: DetectionOptions): Goal {
  const { model, targets, teacher = model, metric = 'map' } = options;
  const { classes } = targets;
  const form = detectionForm(model, targets);
  if (!form) throw unknownForm(model);
  const selected = selectedFrom(model);
  const heads = selected.length > 0 ? selected : form.outputs.filter((name) => isFloat(outputType(model, name)));
  return {
    kind: 'detection',
    title: `detection, ${classes.length} classes, by ${form.title}`,
    outputs: form.outputs,
    heads,
    parts: classes,
    answers: 'boxes',
    metric: typeof metric === 'string' ? metricNamed(metric, 'boxes', classes) : metric,
    metrics: metricsOf('boxes'),
    ...(selected.length > 0 && {
      expose: (candidate: Model, purpose = 'answers') =>
        purpose === 'losses' ? cutSelection(candidate, selected) : exposeSelection(candidate, selected),
    }),
    losses: ['reference'],
    loss: () => followReference(heads, teacher),
    distillation: (other) => followReference(heads, other),
    importanceLoss: () => meanPower(heads),
    targets: () => ({}),
    collect: () => new BoxCollector(form, inputSize(model)),
    forModel: (other) => detection({ ...options, model: other, teacher: undefined }),
  };
}

function outputType({ graph }: Model, name: string) {
  return graph.outputs.find((output) => output.name === name)?.dtype;
}

function unknownForm({ source, graph }: Model): DataError {
  return new DataError({
    what: "The model's outputs are none of the forms of detections that are known",
    where: source,
    expected: KNOWN_FORMS,
    got: graph.outputs.map((output) => `"${output.name}" [${output.shape ?? '?'}]`).join(', '),
    fix: 'Score it by fidelity to the original (--fidelity)',
  });
}

/** Width and height of the model's image, where its file says them. */
function inputSize({ graph }: Model): { width: number; height: number } | undefined {
  const sample = staticShape((graph.feeds[0]?.shape as readonly Dim[] | undefined)?.slice(1));
  if (sample?.length !== 3) return undefined;
  const [height, width] = sample[0] <= 4 ? sample.slice(1) : sample;
  return { width, height };
}

class BoxCollector implements Collector {
  readonly #form: DetectionForm;
  readonly #input: { width: number; height: number } | undefined;
  readonly #found: Found[][] = [];
  readonly #objects: (readonly TrueBox[])[] = [];
  #stored: { width: number; height: number } | undefined;

  constructor(form: DetectionForm, input: { width: number; height: number } | undefined) {
    this.#form = form;
    this.#input = input;
  }

  add({ size, targets, inputs }: Batch, outputs: Outputs): void {
    if (targets?.kind !== 'boxes') throw new DataError('The data has no boxes to score by');
    const image = Object.values(inputs).find(({ kind, shape }) => kind === 'image' || shape.length === 4);
    if (!image) throw new OptionError({ what: 'Boxes lie in images, and the data has none', got: Object.keys(inputs).join(', ') });
    this.#stored = { height: image.shape[1], width: image.shape[2] };
    this.#found.push(...this.#form.decode(outputs, size));
    this.#objects.push(...targets.values.slice(0, size));
  }

  answers() {
    const stored = this.#stored ?? { width: 1, height: 1 };
    const predictions = placeBoxes(this.#found, this.#input ?? stored, stored);
    return { kind: 'boxes' as const, size: predictions.length, predictions, targets: this.#objects };
  }
}

export const detectionKind: TaskKind = {
  name: 'detection',
  recognize: ({ model, targets }) =>
    targets?.kind === 'boxes' && detectionForm(model, targets)
      ? `the data has boxes of ${targets.classes.length} classes, and the model gives such`
      : undefined,
  make: async ({ model, targets, options, runtime }) => {
    if (targets?.kind !== 'boxes') throw doesNotFit('detection', 'boxes', targets);
    const { metric } = options;
    const goal = detection({ model, targets, metric });
    return goal.expose ? detection({ model, targets, metric, teacher: await trainable(model, goal, runtime) }) : goal;
  },
};
