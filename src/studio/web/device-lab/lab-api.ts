import * as z from 'zod/mini';
import type { DeviceInfo, Invitation } from '../../api/index.js';
import { ApiFailure, failureOf } from '../api/client.js';
import { measurement } from '../api/measurement.js';

const text = z.string();
const invitation: z.ZodMiniType<Invitation> = z.looseObject({
  link: z.url({ protocol: /^https?$/ }),
  secure: z.boolean(),
  advice: z.optional(text),
});
const device = z.looseObject({
  id: text,
  name: text,
  userAgent: text,
  cores: z.number(),
  memory: z.optional(z.number()),
  secure: z.boolean(),
  webgpu: z.boolean(),
  seen: z.number(),
  job: z.optional(z.looseObject({ run: text, model: text })),
  results: z.array(z.looseObject({ run: text, model: text, label: z.optional(text), at: z.number(), backends: z.array(measurement) })),
});
const devices: z.ZodMiniType<DeviceInfo[]> = z.array(device);

/** @param api where the studio's API is, e.g. "api". @throws ApiFailure for anything but what it should say. */
export async function invite(api: string): Promise<Invitation> {
  return asked(`${api}/devices/invitation`, invitation, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: '{}' });
}

/** The devices that ever measured a model of the latest runs, those that are here first. */
export async function listDevices(api: string): Promise<DeviceInfo[]> {
  return asked(`${api}/devices`, devices);
}

async function asked<T>(address: string, shape: z.ZodMiniType<T>, init: RequestInit = {}): Promise<T> {
  const response = await fetch(address, { ...init, credentials: 'same-origin' }).catch(() => undefined);
  if (!response) throw new ApiFailure(0, 'The studio does not answer.', 'Is it still running?');
  const said = await response.text();
  if (!response.ok) throw failureOf(response.status, said);
  return shape.parse(JSON.parse(said));
}
