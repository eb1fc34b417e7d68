import { render } from 'preact';
import { DevicePage } from './device-page.js';

const root = document.getElementById('app');
const [token, name = ''] = location.hash.slice(1).split(',', 2);
if (root) render(<DevicePage token={token} name={decoded(name)} />, root);
// Another link in the same tab is another studio, or another start of it.
addEventListener('hashchange', () => location.reload());

/** What the link proposes to call this device; nothing where that is damaged. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return '';
  }
}
