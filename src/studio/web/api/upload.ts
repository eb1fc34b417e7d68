import { ApiFailure, api, failureOf } from './client.js';
import { encoded } from './encode.js';

/** A file with its path within what was dropped or chosen. */
export interface UploadFile {
  readonly path: string;
  readonly file: File;
}

export interface UploadOptions {
  /** Bytes that are sent, of all. */
  readonly onProgress: (sent: number, total: number) => void;
  readonly signal: AbortSignal;
}

/** Sends files, one after the other. @returns the upload's id. @throws ApiFailure; the signal's reason when it is aborted. */
export async function upload(files: readonly UploadFile[], { onProgress, signal }: UploadOptions): Promise<string> {
  const total = files.reduce((sum, { file }) => sum + file.size, 0);
  const { id } = await api.createUpload();
  let before = 0;
  for (const { path, file } of files) {
    const address = ['api/uploads', id, ...path.split('/')].map((part, index) => (index === 0 ? part : encoded(part))).join('/');
    await put(address, file, (sent) => onProgress(before + sent, total), signal);
    before += file.size;
    onProgress(before, total);
  }
  return id;
}

/** `fetch` does not say how much it has sent. */
function put(address: string, file: File, onSent: (bytes: number) => void, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const request = new XMLHttpRequest();
    const abort = () => request.abort();
    signal.addEventListener('abort', abort, { once: true });
    request.upload.onprogress = ({ loaded }) => onSent(loaded);
    request.onload = () => (request.status < 300 ? resolve() : reject(failureOf(request.status, request.responseText)));
    request.onerror = () => reject(new ApiFailure(0, `The connection was lost while "${file.name}" was sent.`, 'Try again.'));
    request.onabort = () => reject(signal.reason);
    request.onloadend = () => signal.removeEventListener('abort', abort);
    request.open('PUT', address);
    request.setRequestHeader('content-type', 'application/octet-stream');
    request.send(file);
  });
}
