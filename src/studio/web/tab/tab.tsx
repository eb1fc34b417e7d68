import { render } from 'preact';
import { Client } from './client.js';
import { TabPage } from './tab-page.js';

const root = document.getElementById('app');
if (root) render(<TabPage client={new Client()} />, root);
