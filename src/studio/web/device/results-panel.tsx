import { formatBytes, formatMs, significant } from '../../../report/info/index.js';
import type { DeviceMeasurement } from '../../api/index.js';
import { backendName, measurementText, recommended } from '../../view/index.js';
import { Panel } from '../parts/states.js';
import type { Result } from './result.js';

/** A difference that is rounding and nothing else, in parts of the largest of an output. */
const SAME = 1e-5;

/** What this device found, the latest first. */
export function ResultsPanel({ results }: { results: readonly Result[] }) {
  return (
    <Panel title={isPhone() ? 'On this phone' : 'On this device'}>
      <ul class="plain results">
        {[...results].reverse().map(({ run, model, label, about, backends }) => {
          const best = recommended(backends);
          return (
            <li key={`${run} ${model}`}>
              <p class="model">
                <strong>{label}</strong> <span class="quiet">{about === undefined ? run : `${about} · ${run}`}</span>
              </p>
              {!best && <p class="bad">Not recommended here: no backend answers as the studio’s processor does.</p>}
              <ul class="plain backends">
                {backends.map((each) => (
                  <Backend key={backendName(each)} measurement={each} isBest={each === best} />
                ))}
              </ul>
            </li>
          );
        })}
      </ul>
    </Panel>
  );
}

/** As far as the browser tells. */
function isPhone(): boolean {
  return /Mobi|iPhone/.test(navigator.userAgent);
}

function Backend({ measurement, isBest }: { measurement: DeviceMeasurement; isBest: boolean }) {
  const { status, load, memory, difference, error } = measurement;
  const facts = [
    ...(load !== undefined ? [`loads in ${formatMs(load)}`] : []),
    ...(memory !== undefined ? [`${formatBytes(memory)} of memory`] : []),
    ...(difference !== undefined
      ? [difference < SAME ? 'answers as the studio’s processor' : `off by ${significant(100 * difference, 2)}%`]
      : []),
  ];
  return (
    <li class={`backend ${status}`} data-status={status}>
      <span class="way">
        {backendName(measurement)}
        {isBest && <span class="badge">best</span>}
      </span>
      <span class={status === 'agrees' ? 'numbers' : 'bad'}>{measurementText(measurement)}</span>
      <span class="quiet facts-line">{status === 'agrees' ? facts.join(' · ') : (error ?? facts.join(' · '))}</span>
    </li>
  );
}
