import { useId, useRef, useState } from 'preact/hooks';
import { formatBytes, plural } from '../../../../report/info/index.js';
import { droppedFiles, inputFiles } from '../../api/chosen-files.js';
import type { UploadFile } from '../../api/upload.js';
import { announce } from '../../app/announce.js';

export interface DropZoneProps {
  /** E.g. "Drop a model here". */
  readonly title: string;
  readonly files: readonly UploadFile[];
  /** What the button says. Default: "Choose files". */
  readonly label?: string;
  readonly accept?: string;
  /** Whether nothing can be chosen for the moment. */
  readonly isDisabled?: boolean;
  /** Whether a whole folder can be chosen, too. */
  readonly takesFolders?: boolean;
  readonly onFiles: (files: UploadFile[]) => void;
}

/** Files or a folder, dropped or chosen. */
export function DropZone({ title, files, label = 'Choose files', accept, isDisabled = false, takesFolders, onFiles }: DropZoneProps) {
  const [isOver, setOver] = useState(false);
  const id = useId();
  const take = (found: UploadFile[]) => {
    onFiles(found);
    announce(`${plural(found.length, 'file')} chosen`);
  };
  const drop = async (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    if (event.dataTransfer && !isDisabled) take(await droppedFiles(event.dataTransfer));
  };
  const over = (event: DragEvent) => {
    event.preventDefault();
    setOver(true);
  };
  const bytes = files.reduce((sum, { file }) => sum + file.size, 0);
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the inputs within do the same
    <div class={isOver ? 'drop over' : 'drop'} onDragOver={over} onDragLeave={() => setOver(false)} onDrop={drop}>
      <p>{title}</p>
      <div class="actions">
        <FileInput id={`${id}-files`} label={label} accept={accept} isDisabled={isDisabled} onFiles={take} />
        {takesFolders && <FileInput id={`${id}-folder`} label="Choose a folder" isFolder isDisabled={isDisabled} onFiles={take} />}
      </div>
      {files.length > 0 && (
        <p class="chosen">
          {files.length === 1 ? files[0].path : `${files[0].path.split('/')[0]}: ${plural(files.length, 'file')}`}, {formatBytes(bytes)}
        </p>
      )}
    </div>
  );
}

interface FileInputProps {
  readonly id: string;
  readonly label: string;
  readonly accept?: string;
  readonly isFolder?: boolean;
  readonly isDisabled: boolean;
  readonly onFiles: (files: UploadFile[]) => void;
}

function FileInput({ id, label, accept, isFolder, isDisabled, onFiles }: FileInputProps) {
  const input = useRef<HTMLInputElement>(null);
  return (
    <span class="file">
      <input
        ref={input}
        id={id}
        type="file"
        class="visually-hidden"
        multiple
        accept={accept}
        disabled={isDisabled}
        {...(isFolder && { webkitdirectory: true })}
        onChange={(event) => onFiles(inputFiles(event.currentTarget))}
      />
      <label for={id} class="button">
        {label}
      </label>
    </span>
  );
}
