import type { LayoutRequest } from './layout.js';
import { placeNodes } from './place-nodes.js';

addEventListener('message', ({ data }: MessageEvent<LayoutRequest>) => postMessage(placeNodes(data)));
