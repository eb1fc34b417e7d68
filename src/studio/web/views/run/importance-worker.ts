import { type ImportanceRequest, importanceOf } from '../../../view/index.js';

addEventListener('message', ({ data }: MessageEvent<ImportanceRequest>) => postMessage(importanceOf(data)));
