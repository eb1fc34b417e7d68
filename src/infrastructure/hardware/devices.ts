import { z } from 'zod';
import { OptionError } from '../../base/index.js';
import { positive } from './schema.js';

/** A device as far as the roofline model knows it. Plain JSON: users may write their own. */
const schema = z.strictObject({
  name: z.string().min(1),
  description: z.string(),
  /** Multiply-accumulates per second that good kernels sustain, by element type. A type that is absent runs at float32's speed. */
  macsPerSecond: z.strictObject({ float32: positive, float16: positive.optional(), int8: positive.optional(), int32: positive.optional() }),
  /** Bytes per second to and from the memory that activations live in, and from the one that weights are read from. */
  activationBytesPerSecond: positive,
  weightBytesPerSecond: positive,
  /** Seconds that each layer costs before it computes anything. */
  secondsPerLayer: z.number().nonnegative(),
  /** Bytes for activations (and for weights too, unless `weightsInStorage`), and bytes for the model file. */
  memoryBytes: positive,
  storageBytes: positive,
  /** Whether weights are read in place from storage (flash), as microcontrollers do. */
  weightsInStorage: z.boolean(),
  /** Where the numbers are from. */
  source: z.string(),
});

export type DeviceProfile = Readonly<z.infer<typeof schema>>;

/** Reads a device profile from JSON. @throws OptionError naming the field. */
export function parseDeviceProfile(json: unknown): DeviceProfile {
  const { data, error } = schema.safeParse(json);
  if (data) return data;
  const issue = error.issues[0];
  throw new OptionError({ what: issue.message, where: `device profile, field "${issue.path.join('.')}"` });
}

/**
 * Devices to begin with. Peak numbers are arithmetic from the architecture; sustained ones are taken as half of the peak unless a source is
 * given. They rank models and find what does not fit; only a measurement tells the latency.
 */
export const deviceProfiles = {
  server: {
    name: 'server',
    description: 'Two cores of an x86-64 server with AVX2 at 3 GHz',
    macsPerSecond: { float32: 48e9, float16: 48e9, int8: 96e9, int32: 24e9 },
    activationBytesPerSecond: 20e9,
    weightBytesPerSecond: 20e9,
    secondsPerLayer: 5e-6,
    memoryBytes: 8 * 2 ** 30,
    storageBytes: 64 * 2 ** 30,
    weightsInStorage: false,
    source:
      'Peak: 2 cores × 2 FMA units × 8 lanes × 3 GHz = 96 G multiply-accumulates/s; half of it sustained; int8 by VPMADDUBSW at twice that',
  },
  browser: {
    name: 'browser',
    description: 'A page with WebAssembly SIMD, one thread, on a laptop at 3 GHz',
    macsPerSecond: { float32: 6e9, int8: 6e9, int32: 3e9 },
    activationBytesPerSecond: 8e9,
    weightBytesPerSecond: 8e9,
    secondsPerLayer: 20e-6,
    memoryBytes: 2 * 2 ** 30,
    storageBytes: 100 * 2 ** 20,
    weightsInStorage: false,
    source:
      'Peak: 128-bit SIMD, 4 lanes, a multiplication and an addition as two instructions, 2 units × 3 GHz = 12 G/s; half of it sustained',
  },
  phone: {
    name: 'phone',
    description: 'One big core of a phone (Arm Cortex-A76 class at 2.6 GHz)',
    macsPerSecond: { float32: 10e9, float16: 20e9, int8: 40e9, int32: 5e9 },
    activationBytesPerSecond: 10e9,
    weightBytesPerSecond: 10e9,
    secondsPerLayer: 10e-6,
    memoryBytes: 2 ** 30,
    storageBytes: 200 * 2 ** 20,
    weightsInStorage: false,
    source: 'Peak: 2 NEON units × 4 lanes × 2.6 GHz = 21 G/s for fp32, twice for fp16, four times for int8 (SDOT); half of it sustained',
  },
  microcontroller: {
    name: 'microcontroller',
    description: 'Arm Cortex-M7 at 216 MHz, 512 KB RAM, 2 MB flash',
    macsPerSecond: { float32: 50e6, int8: 125e6, int32: 50e6 },
    activationBytesPerSecond: 400e6,
    weightBytesPerSecond: 200e6,
    secondsPerLayer: 20e-6,
    memoryBytes: 512 * 1024,
    storageBytes: 2 * 2 ** 20,
    weightsInStorage: true,
    source:
      'int8: 12.3 M multiply-accumulates in 99 ms by CMSIS-NN (Lai, Suda and Chandra, arXiv 1801.06601, table 1); the rest estimated from the core’s one-per-cycle loads',
  },
} as const satisfies Record<string, DeviceProfile>;
