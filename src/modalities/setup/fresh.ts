import { type Architecture, architecture } from '../../architectures/index.js';
import { OptionError } from '../../base/index.js';
import type { DataSource, Preprocess, Targets } from '../../data/index.js';
import type { Model } from '../../onnx/index.js';
import { modalityOf } from '../registry.js';

/** How a fresh model is wanted. */
export interface FreshRequest {
  /** Name of the family. */
  family: string;
  width?: number;
  depth?: number;
  /** Images: side in pixels. Default: the data's. */
  resolution?: number;
  /** Shape of a sample as another model takes it, where both are to take the same. Default: what suits the data. */
  input?: readonly number[];
  seed?: number;
}

/**
 * An untrained model of a family for a source's samples and targets, and how samples become its input where that is not found by its shape.
 * @throws OptionError where the family takes other samples, or there is nothing to learn.
 */
export function freshModel(source: DataSource, request: FreshRequest): { model: Model; preprocess?: string | Preprocess } {
  const family = architecture(request.family);
  const [sample] = source.train.inputs;
  const { fresh } = modalityOf(sample.kind);
  if (family.takes !== sample.kind || !fresh) throw takesOthers(family, source);
  const { input, vocabulary, preprocess } = fresh(sample, family);
  const { targets } = source.train;
  const { width, depth, resolution, seed } = request;
  const model = family.build({
    input: request.input ?? input,
    vocabulary,
    classes: answersOf(targets, source.name),
    numbers: targets?.kind === 'numbers',
    width,
    depth,
    resolution,
    seed,
  });
  return { model, ...(preprocess !== undefined && { preprocess }) };
}

function takesOthers({ name, takes }: Architecture, source: DataSource): OptionError {
  const [{ kind, shape }] = source.train.inputs;
  const { label, architectures } = modalityOf(kind);
  return new OptionError({
    what: `Architectures like "${name}" take ${modalityOf(takes).label}`,
    where: source.name,
    got: `${label}: ${kind} of shape [${shape}]`,
    fix:
      architectures.length > 0
        ? `Use ${architectures.map((each) => each.name).join(', ')}, or a model of your own with --model`
        : 'Use a model of your own with --model',
  });
}

/** How many scores or numbers a model gives for such targets. @throws OptionError where there are none that an architecture learns. */
function answersOf(targets: Targets | undefined, where: string): number {
  if (targets?.kind === 'class' || targets?.kind === 'labels') return targets.classes.length;
  if (targets?.kind === 'numbers') return targets.columns.length;
  throw new OptionError({
    what: 'Training an architecture needs labelled data',
    where,
    fix: 'Put the samples into one folder per class, or give a table with a column of labels',
  });
}
