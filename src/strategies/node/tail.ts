import { open } from 'node:fs/promises';

/** Bytes that are read at a time. */
const CHUNK = 1 << 20;

/** Follows a file of lines that grows: each line is read once, when its end is there. A file that was written anew is read from its beginning. */
export class Tail {
  readonly #path: string;
  #inode: number | undefined;
  #offset = 0;
  #rest = '';
  #decoder = new TextDecoder();

  constructor(path: string) {
    this.#path = path;
  }

  /** Gives each line that has come to its end since the last call. Nothing where there is no file. */
  async read(use: (line: string) => void): Promise<void> {
    const file = await open(this.#path, 'r').catch(() => undefined);
    if (!file) return;
    try {
      const { ino, size } = await file.stat();
      if (ino !== this.#inode || size < this.#offset) {
        [this.#inode, this.#offset, this.#rest, this.#decoder] = [ino, 0, '', new TextDecoder()];
      }
      const buffer = Buffer.allocUnsafe(Math.min(CHUNK, size - this.#offset));
      while (this.#offset < size) {
        const { bytesRead } = await file.read(buffer, 0, Math.min(buffer.length, size - this.#offset), this.#offset);
        if (bytesRead === 0) return;
        this.#offset += bytesRead;
        this.#feed(this.#decoder.decode(buffer.subarray(0, bytesRead), { stream: true }), use);
      }
    } finally {
      await file.close();
    }
  }

  #feed(text: string, use: (line: string) => void): void {
    const lines = text.split('\n');
    lines[0] = this.#rest + lines[0];
    this.#rest = lines.pop() as string;
    for (const line of lines) if (line !== '') use(line);
  }
}
