import { useId, useRef, useState } from 'preact/hooks';
import { formatBytes, plural } from '../../../../report/info/index.js';
import { droppedFiles, inputFiles } from '../../api/chosen-files.js';
import type { UploadFile } from '../../api/upload.js';
import { announce } from '../../app/announce.js';

export interface DropZoneProps {
  /** E.g. "Drop a model here". */
  readonly title: string;
  readonly files: readonly UploadFile[];
  readonly accept?: string;
  /** Whether a whole folder can be chosen, too. */
  readonly takesFolders?: boolean;
  readonly onFiles: (files: UploadFile[]) => void;
}

/** Files or a folder, dropped or chosen. */
export function DropZone({ title, files, accept, takesFolders, onFiles }: DropZoneProps) {
  const [isOver, setOver] = useState(false);
  const id = useId();
  const take = (found: UploadFile[]) => {
    onFiles(found);
    announce(`${plural(found.length, 'file')} chosen`);
  };
  const drop = async (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    if (event.dataTransfer) take(await droppedFiles(event.dataTransfer));
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
        <FileInput id={`${id}-files`} label="Choose files" accept={accept} onFiles={take} />
        {takesFolders && <FileInput id={`${id}-folder`} label="Choose a folder" isFolder onFiles={take} />}
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
  readonly onFiles: (files: UploadFile[]) => void;
}

function FileInput({ id, label, accept, isFolder, onFiles }: FileInputProps) {
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
        {...(isFolder && { webkitdirectory: true })}
        onChange={(event) => onFiles(inputFiles(event.currentTarget))}
      />
      <label for={id} class="button">
        {label}
      </label>
    </span>
  );
}
