import type { UploadFile } from './upload.js';

/** Files and folders that were dropped, with their paths; hidden files are left out. */
export async function droppedFiles(transfer: DataTransfer): Promise<UploadFile[]> {
  // Both must be asked for before the event ends. What another page drags has no entry.
  const items = [...transfer.items].map((item) => ({ entry: item.webkitGetAsEntry(), file: item.getAsFile() }));
  const found = await Promise.all(
    items.map(async ({ entry, file }): Promise<UploadFile[]> => {
      if (entry) return filesOf(entry, '');
      return file ? [{ path: file.name, file }] : [];
    }),
  );
  return visible(found.flat());
}

/** What a file or folder input holds. */
export function inputFiles(input: HTMLInputElement): UploadFile[] {
  return visible([...(input.files ?? [])].map((file) => ({ path: file.webkitRelativePath || file.name, file })));
}

function visible(files: UploadFile[]): UploadFile[] {
  return files.filter(({ path }) => !path.split('/').some((name) => name.startsWith('.'))).sort((a, b) => (a.path < b.path ? -1 : 1));
}

async function filesOf(entry: FileSystemEntry, folder: string): Promise<UploadFile[]> {
  const path = `${folder}${entry.name}`;
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject));
    return [{ path, file }];
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  const found: UploadFile[] = [];
  // A folder is handed out in portions; an empty one ends it.
  for (;;) {
    const entries = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (entries.length === 0) return found;
    for (const each of entries) found.push(...(await filesOf(each, `${path}/`)));
  }
}
