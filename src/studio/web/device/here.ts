import type { DeviceHello } from '../../api/index.js';

/** What this browser can do. */
export interface Here {
  readonly hello: Omit<DeviceHello, 'name'>;
  /** Threads that WebAssembly is run with, each number once. */
  readonly threads: readonly number[];
  /** What cannot be done here, and why, for its owner. */
  readonly lacks: readonly string[];
}

/** What is used here of WebGPU, and of a browser that says how much memory there is. */
interface Extras {
  readonly gpu?: { requestAdapter(): Promise<object | null> };
  /** Gigabytes. */
  readonly deviceMemory?: number;
}

/** More hardly help, and small cores slow the large ones down. */
const MOST_THREADS = 4;
const LONGEST_AGENT = 400;

/** Looks at what there is. */
export async function lookAround(): Promise<Here> {
  const { gpu, deviceMemory } = navigator as Navigator & Extras;
  const hasAdapter = (await gpu?.requestAdapter().catch(() => null)) != null;
  const cores = Math.max(1, navigator.hardwareConcurrency || 1);
  const most = crossOriginIsolated ? Math.min(MOST_THREADS, cores) : 1;
  return {
    hello: {
      userAgent: navigator.userAgent.slice(0, LONGEST_AGENT),
      cores,
      ...(deviceMemory !== undefined && { memory: deviceMemory }),
      secure: isSecureContext,
      webgpu: hasAdapter,
    },
    threads: most > 1 ? [most, 1] : [1],
    lacks: lacksOf({ hasGpu: gpu !== undefined, hasAdapter, isSecure: isSecureContext, isIsolated: crossOriginIsolated }),
  };
}

export function lacksOf({
  hasGpu,
  hasAdapter,
  isSecure,
  isIsolated,
}: Record<'hasGpu' | 'hasAdapter' | 'isSecure' | 'isIsolated', boolean>): string[] {
  if (!isSecure)
    return [
      'No WebGPU, and one thread for WebAssembly: this address is plain http, which a browser takes for insecure. The studio can be started with --tls, or reached through a tunnel (--public-url).',
      'The screen cannot be kept on here: see that it does not go dark.',
    ];
  return [
    ...(isIsolated
      ? []
      : ['One thread for WebAssembly: the page is not isolated, because something between here and the studio dropped its headers.']),
    ...(hasAdapter
      ? []
      : [hasGpu ? 'No WebGPU: the browser has it, and no graphics card that it would use.' : 'No WebGPU: this browser has none.']),
  ];
}
