/*
 * Whoever opens the link becomes a device: its token opens nothing but what is below.
 * POST api/devices/invitation              -> Invitation (studio's token)
 * GET  api/devices                         -> DeviceInfo[] (studio's token)
 * POST api/device          DeviceHello     -> 201 { id }
 * POST api/device/:id/next                 -> DeviceJob, or 204 after half a minute without one
 * GET  api/device/:id/jobs/:job/model      -> bytes of the model
 * POST api/device/:id/jobs/:job  DeviceResult -> 204
 */

export interface Invitation {
  /** The page for devices, with its token behind "#". */
  link: string;
  /** Whether a browser takes it for a secure context: without, there is neither WebGPU nor threads. */
  secure: boolean;
  /** How to get one, where it is not. */
  advice?: string;
}

export interface DeviceHello {
  /** As its owner calls it. */
  name: string;
  userAgent: string;
  cores: number;
  /** Gigabytes, where the browser says so. */
  memory?: number;
  secure: boolean;
  webgpu: boolean;
}

export interface DeviceJob {
  id: string;
  /** The run and the model. */
  run: string;
  model: string;
  label: string;
  /** What its run knows of it, in words: quality and size. */
  about?: string;
  bytes: number;
  /** A sample from the run's validation part, and what the CPU of the studio's machine answers. */
  feeds: DeviceTensor[];
  expected: DeviceTensor[];
  /** How far answers may be off, in parts of the largest of each output. */
  tolerance: number;
  /** Timed calls of each backend. */
  runs: number;
}

export interface DeviceTensor {
  name: string;
  dtype: string;
  shape: readonly number[];
  /** Base64 of the values, little-endian. */
  data: string;
}

export interface DeviceResult {
  backends: DeviceMeasurement[];
}

export interface DeviceMeasurement {
  backend: 'wasm' | 'webgpu';
  threads: number;
  /** Milliseconds from bytes to the first answer. */
  load?: number;
  p50?: number;
  p95?: number;
  /** Bytes, where the browser says so. */
  memory?: number;
  /** How far the worst answer was off, in parts of the largest of its output. */
  difference?: number;
  /** 'differs': it is faster for nothing, and is not recommended. */
  status: 'agrees' | 'differs' | 'fails';
  error?: string;
}

/** What a device found of a model. */
export interface DeviceFinding {
  run: string;
  model: string;
  /** As its run calls it, where the run still has it. */
  label?: string;
  /** Milliseconds since 1970. */
  at: number;
  backends: DeviceMeasurement[];
}

/** What a device found of a model of one run. */
export interface RunFinding {
  /** The device's name. */
  device: string;
  model: string;
  backends: DeviceMeasurement[];
}

export interface DeviceInfo extends DeviceHello {
  id: string;
  /** Milliseconds since 1970 of its last sign of life. */
  seen: number;
  /** What it is at. */
  job?: { run: string; model: string };
  results: DeviceFinding[];
}
