import { render } from 'preact';

const root = document.getElementById('app');
if (root) render(<main id="main">Espalier Studio</main>, root);
