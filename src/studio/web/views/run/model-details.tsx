import { useEffect, useRef } from 'preact/hooks';
import {
  compareCosts,
  formatChange,
  formatInterval,
  formatQuality,
  frontRows,
  metricName,
  ratioInWords,
  recipeSteps,
} from '../../../../report/info/index.js';
import type { ModelInfo, RunInfo } from '../../../../strategies/index.js';
import { fileAddress } from '../../api/client.js';
import { link } from '../../app/route.js';

export interface ModelDetailsProps {
  readonly id: string;
  readonly info: RunInfo;
  readonly model: ModelInfo;
  readonly onClose: () => void;
}

/** A model: what it is worth, what it costs, how it was made, its files. */
export function ModelDetails({ id, info, model, onClose }: ModelDetailsProps) {
  const heading = useRef<HTMLHeadingElement>(null);
  // Whoever opens a model reads it next.
  useEffect(() => heading.current?.focus({ preventScroll: true }), [model.id]);
  const row = frontRows(info).find((each) => each.id === model.id);
  if (!row) return null;
  const where = { baseline: 'The original', front: `Number ${row.rank} of the front`, other: 'Not on the front' }[row.role];
  return (
    <aside class="panel details" aria-label={`Details of ${model.label}`}>
      <header class="panel-head">
        <h2 ref={heading} tabIndex={-1}>
          {model.label}
        </h2>
        <button type="button" aria-label="Close the details" onClick={onClose}>
          ✕
        </button>
      </header>
      <p class="quiet">
        {where}
        {model.trial !== undefined && ` · trial ${model.trial}`} · {model.id}
      </p>
      {row.warnings.length > 0 && (
        <ul class="warnings">
          {row.warnings.map((text) => (
            <li key={text}>{text}</li>
          ))}
        </ul>
      )}
      <Tiles model={model} info={info} quality={row.quality} />
      <h3>Recipe</h3>
      <Recipe model={model} />
      <Checks model={model} />
      <div class="actions">
        <a class="button" href={fileAddress(id, model.file)} download>
          Download the model
        </a>
        {model.card && (
          <a class="button" href={fileAddress(id, model.card)} download>
            Card
          </a>
        )}
        <a class="button" href={link(['graph', id, model.id])}>
          Graph
        </a>
      </div>
      {model.footprint.compiled?.files?.length ? <Files id={id} files={model.footprint.compiled.files} /> : null}
    </aside>
  );
}

function Tiles({ model, info, quality }: { model: ModelInfo; info: RunInfo; quality: ReturnType<typeof frontRows>[number]['quality'] }) {
  const isBaseline = model.id === info.baseline.id;
  const { split, before, after, change } = quality;
  const notes = [
    ...(isBaseline ? [] : [formatChange(after.metric, change, before)]),
    ...(after.interval ? [`95%: ${formatInterval(after.metric, after.interval, after.samples)}`] : []),
  ];
  return (
    <dl class="tiles">
      <div class="tile">
        <dt>
          {metricName(after.metric)} ({split})
        </dt>
        <dd>
          {formatQuality(after.metric, after.value, after.samples)} <small>{notes.join(' · ')}</small>
        </dd>
      </div>
      {compareCosts(model, info.baseline)
        .filter(({ after: value }) => value !== undefined)
        .map((comparison) => (
          <div class="tile" key={comparison.measure.name}>
            <dt>{comparison.measure.label}</dt>
            <dd>
              {comparison.measure.format(comparison.after)} <small>{isBaseline ? '' : ratioInWords(comparison)}</small>
            </dd>
          </div>
        ))}
    </dl>
  );
}

function Recipe({ model }: { model: ModelInfo }) {
  const steps = recipeSteps(model.recipe);
  if (steps.length === 0) return <p class="quiet">Nothing was done to it.</p>;
  return (
    <ol class="steps">
      {steps.map(({ technique, options }, index) => (
        // Steps are told apart by their place.
        <li key={index}>
          <strong>{technique}</strong>
          <span class="quiet"> {options.map(({ name, value }) => `${name} ${value}`).join(', ')}</span>
        </li>
      ))}
    </ol>
  );
}

function Checks({ model: { checks = [] } }: { model: ModelInfo }) {
  if (checks.length === 0) return null;
  return (
    <>
      <h3>Runtimes</h3>
      <ul class="plain">
        {checks.map(({ runtime, status, detail }) => (
          <li key={runtime}>
            {runtime}: <span class={status === 'agrees' ? 'good' : status === 'not checked' ? 'quiet' : 'bad'}>{status}</span>{' '}
            <span class="quiet">{detail}</span>
          </li>
        ))}
      </ul>
    </>
  );
}

function Files({ id, files }: { id: string; files: readonly string[] }) {
  return (
    <>
      <h3>Compiled</h3>
      <ul class="plain">
        {files.map((path) => (
          <li key={path}>
            <a href={fileAddress(id, path)} download>
              {path}
            </a>
          </li>
        ))}
      </ul>
    </>
  );
}
