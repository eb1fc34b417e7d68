import { useId, useState } from 'preact/hooks';
import { droppedFiles, inputFiles } from './chosen-files.js';
import type { ChosenFile } from './protocol.js';

export interface DropZoneProps {
  readonly label: string;
  readonly hint: string;
  readonly accept?: string;
  /** Whether a folder can be chosen as well. */
  readonly folders?: boolean;
  readonly isBusy: boolean;
  readonly onFiles: (files: ChosenFile[]) => void;
}

/** Not among the attributes that are typed, and known to every browser. */
const FOLDER = { webkitdirectory: true };

/** Files are chosen by a button or dropped; both work by keyboard and by touch. */
export function DropZone({ label, hint, accept, folders, isBusy, onFiles }: DropZoneProps) {
  const [isOver, setOver] = useState(false);
  const id = useId();
  const chosen = (event: { currentTarget: HTMLInputElement }) => {
    const files = inputFiles(event.currentTarget);
    // The same file may be chosen once more.
    event.currentTarget.value = '';
    if (files.length > 0) onFiles(files);
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: dropping is a second way; the buttons inside are the first
    <div
      class={isOver ? 'drop over' : 'drop'}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={async (event) => {
        event.preventDefault();
        setOver(false);
        if (isBusy || !event.dataTransfer) return;
        const files = await droppedFiles(event.dataTransfer);
        if (files.length > 0) onFiles(files);
      }}
    >
      <div class="choices">
        <input class="visually-hidden" type="file" id={id} accept={accept} onChange={chosen} disabled={isBusy} />
        <label class="button" for={id}>
          {label}
        </label>
        {folders && (
          <>
            <input class="visually-hidden" type="file" id={`${id}-folder`} {...FOLDER} onChange={chosen} disabled={isBusy} />
            <label class="button" for={`${id}-folder`}>
              Choose a folder
            </label>
          </>
        )}
      </div>
      <p class="quiet">{hint}</p>
    </div>
  );
}
