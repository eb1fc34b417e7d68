import { addReader } from '../../data/node/index.js';
import { sounds } from '../audio/node/index.js';

/** Opening data of every kind: importing this adds the readers of all modalities to those of data. */
export { addReader, type OpenOptions, openDataset, type Reader } from '../../data/node/index.js';
export { openModel } from './model-folder.js';

addReader(sounds);
