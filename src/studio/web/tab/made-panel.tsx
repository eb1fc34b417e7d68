import { useEffect, useState } from 'preact/hooks';
import { formatBytes, formatRatio } from '../../../report/info/index.js';
import type { Made, QualityRow } from '../../tab/index.js';
import { Panel } from '../parts/states.js';

/** Measures that are shown at once. */
const MAIN = 2;

export interface MadePanelProps {
  readonly made: Made;
  readonly isBusy: boolean;
  /** Opens what was made, to make more of it. */
  readonly onGoOn: (file: File) => void;
}

/** A model that was made, beside the one that it was made of. */
export function MadePanel({ made, isBusy, onGoOn }: MadePanelProps) {
  const { name, file, before, after, rows, measuredOn, remarks, picture } = made;
  const address = useAddress(file, 'application/octet-stream');
  return (
    <Panel
      title={name}
      tools={
        <div class="actions">
          <button type="button" disabled={isBusy} onClick={() => onGoOn(new File([file], name))}>
            Go on with it
          </button>
          <a class="button primary" href={address} download={name}>
            Download
          </a>
        </div>
      }
    >
      <Rows
        rows={[
          { label: 'file', before: formatBytes(before), after: `${formatBytes(after)}${ratioText(before, after)}` },
          ...rows.slice(0, MAIN),
        ]}
      />
      {measuredOn !== '' && <p class="quiet">Measured on {measuredOn}.</p>}
      {remarks.map((text) => (
        <p class="remark" key={text}>
          {text}
        </p>
      ))}
      {rows.length > MAIN && (
        <details>
          <summary>Other measures</summary>
          <Rows rows={rows.slice(MAIN)} />
        </details>
      )}
      {picture && <Picture svg={picture} />}
    </Panel>
  );
}

function Rows({ rows }: { rows: readonly QualityRow[] }) {
  return (
    <table class="compared-models">
      <thead>
        <tr>
          <th scope="col">Measure</th>
          <th scope="col">Before</th>
          <th scope="col">After</th>
        </tr>
      </thead>
      <tbody>
        {rows.map(({ label, before, after }) => (
          <tr key={label}>
            <th scope="row">{label}</th>
            <td>{before ?? '–'}</td>
            <td>{after}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** Nothing for a difference that there is hardly any of. */
function ratioText(before: number, after: number): string {
  if (Math.abs(before / after - 1) < 0.005) return '';
  return before > after ? ` (${formatRatio(before / after)} smaller)` : ` (${formatRatio(after / before)} larger)`;
}

/** As an image of its own: whatever names are in it, it can neither run a script nor ask for anything. */
function Picture({ svg }: { svg: string }) {
  const address = useAddress(svg, 'image/svg+xml');
  return (
    <details>
      <summary>Bytes of weights by layer</summary>
      {address && <img class="picture" src={address} alt="Bytes of weights by layer, before and after" />}
    </details>
  );
}

/** An address for some content, for as long as it is shown. */
function useAddress(content: string | Uint8Array<ArrayBuffer>, type: string): string | undefined {
  const [address, setAddress] = useState<string>();
  useEffect(() => {
    const made = URL.createObjectURL(new Blob([content], { type }));
    setAddress(made);
    return () => URL.revokeObjectURL(made);
  }, [content, type]);
  return address;
}
