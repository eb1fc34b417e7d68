import { render } from 'preact';
import { DevicePage } from './device-page.js';

const root = document.getElementById('app');
if (root) render(<DevicePage token={location.hash.slice(1)} />, root);
// Another link in the same tab is another studio, or another start of it.
addEventListener('hashchange', () => location.reload());
