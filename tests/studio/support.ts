import assert from 'node:assert/strict';
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { openStudio, type Studio, type StudioOptions } from '#dist/studio/server/index.js';
import { espalier } from '../cli/run.js';

/** A folder that is removed when the tests of a file are over. */
export function temporaryFolder(): { folder: string; remove: () => void } {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'espalier-studio-')));
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** Waits for something that will be so. It looks again and again: who watches a folder hears nothing of what came before, and fails where a part of it goes meanwhile. */
export async function until(is: () => boolean): Promise<void> {
  while (!is()) await setTimeout(10);
}

/** A real run on the smallest data that there are, by the command line: some eight seconds. @param name of its folder below `root`. */
export async function makeRun(root: string, name: string): Promise<void> {
  const words = `optimize --arch mlp --data iris --trials 2 --epochs 8 --serving none --threads 1 --out ${name}`.split(' ');
  const { code, stderr } = await espalier(words, { cwd: root });
  assert.equal(code, 0, stderr);
}

export interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: Buffer;
  text: string;
  /** What the body says as JSON. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into what they expect.
  json: any;
}

export interface Asked {
  method?: string;
  headers?: Record<string, string>;
  body?: string | Buffer;
  /** Sent as JSON. */
  json?: unknown;
}

/** A studio of its own for a test, and requests to it as a program makes them that holds its token: paths go out as they are, whatever they hold. */
export class TestStudio {
  readonly studio: Studio;
  readonly token: string;

  constructor(studio: Studio) {
    this.studio = studio;
    this.token = new URL(studio.links[0]).searchParams.get('token') as string;
  }

  static async open(root: string, options: Partial<StudioOptions> = {}): Promise<TestStudio> {
    return new TestStudio(await openStudio({ root, version: '0.0.0', ...options }));
  }

  get origin(): string {
    return this.studio.origin;
  }

  /** With the token. */
  ask(path: string, asked: Asked = {}): Promise<Answer> {
    return this.send(path, { ...asked, headers: { Authorization: `Bearer ${this.token}`, ...asked.headers } });
  }

  /** Without. */
  send(path: string, { method = 'GET', headers = {}, body, json }: Asked = {}): Promise<Answer> {
    const { hostname, port } = new URL(this.origin);
    const sent = json === undefined ? body : JSON.stringify(json);
    const typed = json === undefined ? headers : { 'Content-Type': 'application/json', ...headers };
    return new Promise((resolve, reject) => {
      const asked = request({ hostname, port, path, method, headers: typed, agent: false }, (response) => {
        const parts: Buffer[] = [];
        response.on('data', (part: Buffer) => parts.push(part));
        response.once('error', reject);
        response.once('end', () => {
          const whole = Buffer.concat(parts);
          const text = whole.toString('utf8');
          resolve({
            status: response.statusCode as number,
            headers: response.headers,
            body: whole,
            text,
            get json() {
              return JSON.parse(text);
            },
          });
        });
      });
      asked.once('error', reject);
      asked.end(sent);
    });
  }

  close(): Promise<void> {
    return this.studio.close();
  }
}

/** Events of a stream as they come. */
export async function* eventsIn(response: Response): AsyncGenerator<{ event: string; data: unknown }> {
  let text = '';
  for await (const part of (response.body as ReadableStream<Uint8Array>).pipeThrough(new TextDecoderStream())) {
    text += part;
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      const [, event, data] = /^event: (\w+)\ndata: (.*)$/s.exec(text.slice(0, end)) ?? [];
      text = text.slice(end + 2);
      if (event !== undefined) yield { event, data: JSON.parse(data) };
    }
  }
}
