import { useState } from 'preact/hooks';
import type { Invitation } from '../../api/index.js';
import { announce } from '../app/announce.js';
import { QrCode } from './qr-code.js';

/** The link that lets a device in, to be scanned or copied. */
export function InvitationCard({ invitation: { link, secure, advice } }: { invitation: Invitation }) {
  const [isCopied, setCopied] = useState(false);
  const copy = () =>
    navigator.clipboard?.writeText(link).then(() => {
      setCopied(true);
      announce('The link is copied.');
    });
  return (
    <div class="invitation">
      <QrCode text={link} label="The link as a QR code" />
      <div>
        <p>Scan the code with a phone, or open the link on a laptop. It lets a device measure, and nothing else.</p>
        <p class="actions">
          <input type="text" readOnly value={link} aria-label="Link for devices" onFocus={(event) => event.currentTarget.select()} />
          {isSecureContext && (
            <button type="button" onClick={copy}>
              {isCopied ? 'Copied' : 'Copy'}
            </button>
          )}
        </p>
        {advice !== undefined && <p class={secure ? 'notice info-notice' : 'notice warn-notice'}>{advice}</p>}
      </div>
    </div>
  );
}
