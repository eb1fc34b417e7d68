import assert from 'node:assert/strict';
import type { DeviceJob, DeviceMeasurement, Invitation } from '#dist/studio/api/index.js';
import type { TestStudio } from '../support.js';

/** A device as its page would be one, in a studio of its own. */
export class TestDevice {
  readonly studio: TestStudio;
  readonly token: string;
  id = '';

  constructor(studio: TestStudio, token: string) {
    this.studio = studio;
    this.token = token;
  }

  static async join(studio: TestStudio, name: string): Promise<TestDevice> {
    const { link } = (await studio.ask('/api/devices/invitation', { method: 'POST' })).json as Invitation;
    const device = new TestDevice(studio, new URL(link).hash.slice(1));
    const { status, json } = await device.post('', { name, userAgent: 'a test', cores: 2, secure: true, webgpu: false });
    assert.equal(status, 201);
    device.id = json.id;
    return device;
  }

  post(path: string, json: unknown) {
    return this.studio.send(`/api/device${path}`, { method: 'POST', json, headers: { Authorization: `Bearer ${this.token}` } });
  }

  async next(): Promise<DeviceJob | undefined> {
    const answer = await this.post(`/${this.id}/next`, {});
    assert.ok(answer.status === 200 || answer.status === 204, answer.text);
    return answer.status === 200 ? answer.json : undefined;
  }

  model(job: string) {
    return this.studio.send(`/api/device/${this.id}/jobs/${job}/model`, { headers: { Authorization: `Bearer ${this.token}` } });
  }

  report(job: string, backends: unknown) {
    return this.post(`/${this.id}/jobs/${job}`, { backends });
  }
}

/** A measurement that agrees. */
export const agrees = (p50: number): DeviceMeasurement => ({
  backend: 'wasm',
  threads: 1,
  load: 3,
  p50,
  p95: 2 * p50,
  difference: 1e-7,
  status: 'agrees',
});
