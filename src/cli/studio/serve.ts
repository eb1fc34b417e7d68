import { type Message, whenAborted } from '../../base/index.js';
import type { StudioOptions } from '../../studio/server/index.js';
import type { CommandContext } from '../context.js';
import { version } from '../version.js';

/**
 * Serves a studio until the command is stopped.
 * @param onOpen told the links once they can be opened.
 */
export async function serveStudio(
  context: CommandContext,
  options: Omit<StudioOptions, 'version' | 'onMessage'>,
  onOpen: (links: readonly string[]) => void | Promise<void>,
): Promise<void> {
  const { output, activity } = context;
  const { openStudio } = await import('../../studio/server/index.js');
  const studio = await openStudio({ ...options, version, onMessage: (message: Message) => output.message(message) });
  context.defer(() => studio.close());
  await onOpen(studio.links);
  output.info('Open the link. Ctrl-C ends the studio.');
  await whenAborted(activity.signal as AbortSignal);
  for (const { id, pid } of studio.running) output.info(`The run "${id}" goes on as process ${pid}.`);
}
