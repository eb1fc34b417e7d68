import { OptionError } from '../../base/index.js';
import type { HostServices } from '../../strategies/index.js';
import type { CommandContext } from '../context.js';
import { type AddressOptions, addressOf } from '../studio/address.js';
import { version } from '../version.js';
import type { Options } from './options.js';

/** What is asked of a device. */
export type DeviceOptions = Pick<Options, 'deviceWait' | 'out'> & AddressOptions;

/** @throws OptionError where latency is to be found in two ways. */
export function checkDevice({ device, queue, hardware }: Pick<Options, 'device' | 'queue' | 'hardware'>): void {
  const other = queue !== undefined ? '--queue' : hardware !== undefined ? '--hardware' : undefined;
  if (device === undefined || other === undefined) return;
  throw new OptionError({
    what: `Latency is measured on the device, and ${other} has it ${other === '--queue' ? 'measured by workers' : 'estimated'}`,
    where: '--device',
    fix: 'Leave one of the two out.',
  });
}

/** Where latency comes from while a run goes on. */
export interface DeviceHost {
  readonly host: HostServices;
  /** Aborted with the reason where the device stays away: the run cannot go on. */
  readonly gone: AbortSignal;
}

/**
 * Serves the page of the device, says how it is opened, and has latency measured there.
 * @param fileOf the file of a model, relative to the run's folder.
 */
export async function onDevice(
  host: HostServices,
  options: DeviceOptions & { device: string },
  fileOf: (id: string) => string,
  context: CommandContext,
): Promise<DeviceHost> {
  const { device: name, deviceWait: wait, out: folder } = options;
  const { openStudio, DeviceMeter } = await import('../../studio/server/index.js');
  const { onMessage, signal } = context.activity;
  const studio = await openStudio({ root: folder, version, isReadOnly: true, onMessage, ...(await addressOf(options)) });
  context.defer(() => studio.close());
  const { link, advice } = studio.invite(name);
  context.output.info(`Open this on "${name}", under that name, and keep the page in front: ${link}`);
  if (process.stderr.isTTY) {
    const { default: encodeQR } = await import('qr');
    // A message is clipped where it is long.
    for (const line of encodeQR(link, 'ascii').trimEnd().split('\n')) context.output.info(line);
  }
  if (advice !== undefined) context.output.info(advice);
  const meter = new DeviceMeter({ folder, name, wait, onMessage, signal });
  return {
    gone: meter.gone,
    host: {
      ...host,
      latency: (model, _, feeds, timed) => meter.latency({ ...timed, file: fileOf(timed.id), model, feeds }),
    },
  };
}
