import { RuntimeError, Stopped, UnsupportedError } from '../../../base/index.js';
import type { Runtime } from '../contract.js';
import type { SessionSettings } from '../shared/protocol.js';
import { WorkerRuntime } from '../shared/runtime.js';
import { WebLink } from './link.js';

export interface WebRuntimeOptions {
  /** Threads of a program that does not say. Default: as many as the machine has, where the page is cross-origin isolated; 1 elsewhere. */
  threads?: number;
  /** Whether idle threads of a program spin for a moment before they sleep. Default true. */
  spinning?: boolean;
  /**
   * Addresses of onnxruntime-web's modules, absolute or relative to the page. Default: what the page's import map says for onnxruntime-web/wasm
   * and onnxruntime-web/webgpu; without an import map those names themselves, which a bundler resolves.
   */
  modules?: { readonly wasm?: string; readonly webgpu?: string };
}

/** What is read of a page. */
interface Page {
  readonly crossOriginIsolated?: boolean;
  readonly navigator?: { readonly hardwareConcurrency?: number };
  readonly document?: { readonly baseURI: string };
}

const page = globalThis as Page;

/**
 * ONNX Runtime in a page, with every program in a web worker of its own: the page stays responsive, and what a program held is free when it is
 * disposed of. Backends: wasm (WebAssembly, with threads where the page is cross-origin isolated), webgpu.
 * @throws OptionError for a number of threads that is none; UnsupportedError for several where the page may have one.
 */
export function createWebRuntime(options: WebRuntimeOptions = {}): Runtime {
  const isolated = page.crossOriginIsolated === true;
  const { threads = isolated ? (page.navigator?.hardwareConcurrency ?? 1) : 1, spinning = true, modules = {} } = options;
  requireIsolation(threads, isolated);
  return new WorkerRuntime({
    name: 'onnxruntime-web',
    backends: ['wasm', 'webgpu'],
    threads,
    spinning,
    complete: (settings) => {
      check(settings, isolated);
      return { ...settings, module: moduleFor(settings, modules) };
    },
    read: fetched,
    open: (source, settings) => new WebLink(source, settings),
  });
}

function requireIsolation(threads: number, isolated: boolean): void {
  if (threads <= 1 || isolated) return;
  throw new UnsupportedError({
    what: 'This page cannot have threads',
    where: 'threads',
    expected: '1, or a page that is cross-origin isolated',
    got: String(threads),
    fix: 'Serve the page and its scripts with Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp.',
  });
}

function check({ threads, profile }: SessionSettings, isolated: boolean): void {
  requireIsolation(threads, isolated);
  if (profile)
    throw new UnsupportedError({ what: 'onnxruntime-web records no profile', where: 'profile', fix: 'Profile the model in Node.' });
}

function moduleFor({ backend }: SessionSettings, { wasm, webgpu }: NonNullable<WebRuntimeOptions['modules']>): string | undefined {
  const given = backend === 'webgpu' ? webgpu : wasm;
  if (given !== undefined) return new URL(given, page.document?.baseURI).href;
  try {
    return import.meta.resolve(backend === 'webgpu' ? 'onnxruntime-web/webgpu' : 'onnxruntime-web/wasm');
  } catch {
    return undefined;
  }
}

/** @param path an address, absolute or relative to the page. */
async function fetched(path: string, signal?: AbortSignal): Promise<Uint8Array> {
  try {
    const response = await fetch(path, { signal });
    if (response.ok) return new Uint8Array(await response.arrayBuffer());
    throw new RuntimeError({ what: 'The model cannot be fetched', where: path, got: `status ${response.status}` });
  } catch (cause) {
    if (cause instanceof RuntimeError) throw cause;
    if (signal?.aborted) throw new Stopped('Stopped by the caller', { cause: signal.reason });
    throw new RuntimeError({ what: `The model cannot be fetched (${String(cause)})`, where: path }, { cause });
  }
}
