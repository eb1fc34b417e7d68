import { allModels } from '../../../../report/info/index.js';
import type { Compared, ComparedRow } from '../../../view/index.js';
import { link } from '../../app/route.js';

export interface ComparedTableProps {
  readonly columns: readonly Compared[];
  readonly rows: readonly ComparedRow[];
  readonly onModel: (index: number, model: string) => void;
  readonly onRemove: (index: number) => void;
}

/** Figures of each column, with differences from the first. */
export function ComparedTable({ columns, rows, onModel, onRemove }: ComparedTableProps) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: keys scroll what is too wide
    <section class="scroll" tabIndex={0} aria-label="Figures side by side">
      <table class="compared">
        <thead>
          <tr>
            <th scope="col">Measure</th>
            {columns.map(({ run, info, model }, index) => (
              // A column may stand twice.
              <th scope="col" key={index}>
                <a href={link(['run', run], { model: model.id })}>{info.name}</a>
                <button type="button" class="small" aria-label={`Remove ${info.name}, ${model.label}`} onClick={() => onRemove(index)}>
                  ✕
                </button>
                <select
                  aria-label={`Model of ${info.name}`}
                  value={model.id}
                  onChange={(event) => onModel(index, event.currentTarget.value)}
                >
                  {allModels(info)
                    .filter((each) => each.onFront || each === info.baseline || each === model)
                    .map((each) => (
                      <option key={each.id} value={each.id}>
                        {each.label}
                      </option>
                    ))}
                </select>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(({ label, cells }) => (
            <tr key={label}>
              <th scope="row" class="left">
                {label}
              </th>
              {cells.map(({ text, difference, better }, index) => (
                // By column.
                <td key={index}>
                  {text} {difference && <small class={better === undefined ? '' : better ? 'good' : 'bad'}>{difference}</small>}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
