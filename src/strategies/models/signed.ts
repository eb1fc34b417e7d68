import type { HostServices } from './host.js';

/** A host that notes who measured what is timed, where models of one run are measured by several. */
export function signingHost(host: HostServices, measuredBy: string): HostServices {
  return {
    ...host,
    latency: async (...given) => ({ ...(await host.latency(...given)), measuredBy }),
    serving: async (...given) => (await host.serving(...given)).map((each) => ({ ...each, measuredBy })),
  };
}
