import { DeviceLab } from './device-lab.js';

/** The studio's view of its devices. */
export function DevicesView() {
  return (
    <>
      <header class="view-head">
        <h1>Devices</h1>
      </header>
      <DeviceLab api="api" />
    </>
  );
}
