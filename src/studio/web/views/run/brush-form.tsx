import type { LiveTrial } from '../../../../strategies/index.js';
import type { Brushes, ParallelAxis } from '../../../view/index.js';

export interface BrushFormProps {
  readonly axes: readonly ParallelAxis[];
  readonly trials: readonly LiveTrial[];
  readonly brushes: Brushes;
  readonly onChange: (brushes: Brushes) => void;
}

/** What dragging along an axis does, for keys: the ends of each axis, or its choices. */
export function BrushForm({ axes, trials, brushes, onChange }: BrushFormProps) {
  const change = (key: string, brush: Brushes[string] | undefined) => {
    const { [key]: _, ...others } = brushes;
    onChange(brush ? { ...others, [key]: brush } : others);
  };
  return (
    <details class="brush-form">
      <summary>Set what is kept</summary>
      <div class="fields">
        {axes.map((axis) =>
          axis.choices ? (
            <Choices
              key={axis.key}
              axis={axis}
              kept={brushes[axis.key] as readonly string[] | undefined}
              onChange={(brush) => change(axis.key, brush)}
            />
          ) : (
            <Ends
              key={axis.key}
              axis={axis}
              trials={trials}
              ends={brushes[axis.key] as readonly [number, number] | undefined}
              onChange={(brush) => change(axis.key, brush)}
            />
          ),
        )}
      </div>
    </details>
  );
}

interface EndsProps {
  readonly axis: ParallelAxis;
  readonly trials: readonly LiveTrial[];
  readonly ends?: readonly [number, number];
  readonly onChange: (ends: readonly [number, number] | undefined) => void;
}

function Ends({ axis, trials, ends, onChange }: EndsProps) {
  const values = trials.flatMap((trial) => axis.value(trial) ?? []) as number[];
  const [low, high] = values.reduce(([least, most], value) => [Math.min(least, value), Math.max(most, value)], [Infinity, -Infinity]);
  const set = (side: 0 | 1, value: number) => {
    const next: [number, number] = [ends?.[0] ?? low, ends?.[1] ?? high];
    next[side] = Number.isNaN(value) ? [low, high][side] : value;
    onChange(next[0] <= low && next[1] >= high ? undefined : next);
  };
  if (values.length === 0) return null;
  return (
    <fieldset class="field ends">
      <legend>{axis.label}</legend>
      {([0, 1] as const).map((side) => (
        <input
          key={side}
          type="number"
          step="any"
          aria-label={`${axis.label}, ${side === 0 ? 'lowest' : 'highest'}`}
          placeholder={String(Number([low, high][side].toPrecision(6)))}
          value={ends ? ends[side] : ''}
          onChange={(event) => set(side, event.currentTarget.valueAsNumber)}
        />
      ))}
    </fieldset>
  );
}

function Choices({
  axis,
  kept,
  onChange,
}: {
  axis: ParallelAxis;
  kept?: readonly string[];
  onChange: (kept: readonly string[] | undefined) => void;
}) {
  const all = axis.choices ?? [];
  const toggle = (choice: string) => {
    const now = kept ?? all;
    const next = now.includes(choice) ? now.filter((each) => each !== choice) : [...now, choice];
    onChange(next.length === all.length ? undefined : next);
  };
  return (
    <fieldset class="field choices">
      <legend>{axis.label}</legend>
      {all.map((choice) => (
        <label key={choice}>
          <input type="checkbox" checked={(kept ?? all).includes(choice)} onChange={() => toggle(choice)} /> {choice}
        </label>
      ))}
    </fieldset>
  );
}
