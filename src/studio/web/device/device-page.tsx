import { useState } from 'preact/hooks';
import { Announcer } from '../app/announce.js';
import { Panel } from '../parts/states.js';
import { NowPanel } from './now-panel.js';
import { ResultsPanel } from './results-panel.js';
import { type Device, useAgent } from './use-agent.js';

/** The page of a phone or laptop that measures models for a studio. */
export function DevicePage({ token, name }: Link) {
  if (!/^[\w-]{20,200}$/.test(token)) return <NoToken />;
  return <Joined token={token} name={name} />;
}

interface Link {
  readonly token: string;
  /** That the link proposes for this device; may be empty. */
  readonly name: string;
}

function Joined({ token, name }: Link) {
  const device = useAgent(token);
  const { phase, here, results } = device;
  return (
    <main id="main" class="device">
      <header class="intro">
        <p class="brand">Espalier Studio</p>
        <h1>{phase ? device.name : 'This device measures models'}</h1>
        {!phase && (
          <p class="lead">
            It runs the models of a studio, checks what they answer, takes their time, and tells the studio. Nothing of this device is read
            but what its browser says of itself.
          </p>
        )}
      </header>
      {phase ? <NowPanel phase={phase} onLeave={device.leave} onRetry={device.retry} /> : <JoinPanel device={device} proposed={name} />}
      {here && here.lacks.length > 0 && (
        <Panel title="Not possible here">
          <ul class="plain lacks">
            {here.lacks.map((text) => (
              <li key={text}>{text}</li>
            ))}
          </ul>
        </Panel>
      )}
      {results.length > 0 && <ResultsPanel results={results} />}
      <Announcer />
    </main>
  );
}

function JoinPanel({ device, proposed }: { device: Device; proposed: string }) {
  const [name, setName] = useState(proposed || device.name);
  return (
    <Panel title="Join">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (name.trim() !== '') device.join(name.trim());
        }}
      >
        <div class="field">
          <label for="name">What do you call this device?</label>
          <input
            id="name"
            type="text"
            required
            maxLength={80}
            autocomplete="off"
            value={name}
            onInput={(event) => setName(event.currentTarget.value)}
          />
        </div>
        <p class="quiet">E.g. “my phone”. The studio shows it under this name.</p>
        <button class="primary" type="submit">
          Start measuring
        </button>
      </form>
    </Panel>
  );
}

function NoToken() {
  return (
    <main id="main" class="device">
      <p class="brand">Espalier Studio</p>
      <h1>This link is not whole</h1>
      <p class="lead">Open the link or scan the code under “Devices” in the studio: what stands behind its # lets a device in.</p>
    </main>
  );
}
