import { useState } from 'preact/hooks';
import type { Invitation } from '../../api/index.js';
import type { ApiFailure } from '../api/client.js';
import { asFailure, usePolled } from '../app/hooks.js';
import { Disconnected, Failure, Loading, Panel } from '../parts/states.js';
import { DeviceCard } from './device-card.js';
import { InvitationCard } from './invitation-card.js';
import { invite, listDevices } from './lab-api.js';

/**
 * Phones and laptops that measure models: how another one joins, and what those that are there found.
 * @param api where the studio's API is, e.g. "api".
 */
export function DeviceLab({ api }: { api: string }) {
  const { value: devices, failure, retry } = usePolled(() => listDevices(api));
  return (
    <>
      <Inviting api={api} />
      <Panel title="Devices">
        {failure && devices && <Disconnected />}
        {failure && !devices && <Failure failure={failure} onRetry={retry} />}
        {!devices && !failure && <Loading what="the devices" />}
        {devices?.length === 0 && <p class="quiet empty">No device has measured anything yet.</p>}
        {devices?.map((device) => (
          <DeviceCard key={device.id} device={device} />
        ))}
      </Panel>
    </>
  );
}

function Inviting({ api }: { api: string }) {
  const [invitation, setInvitation] = useState<Invitation>();
  const [failure, setFailure] = useState<ApiFailure>();
  const ask = () => {
    setFailure(undefined);
    invite(api).then(setInvitation, (error: unknown) => setFailure(asFailure(error)));
  };
  return (
    <Panel title="Invite a device">
      {failure && <Failure failure={failure} onRetry={ask} />}
      {invitation ? (
        <InvitationCard invitation={invitation} />
      ) : (
        <>
          <p class="quiet">
            Whoever opens the link becomes a device: it loads the models of the fronts, runs each, checks what it answers, and tells how
            long it took.
          </p>
          <p class="actions">
            <button type="button" class="primary" onClick={ask}>
              Show the link
            </button>
          </p>
        </>
      )}
    </Panel>
  );
}
