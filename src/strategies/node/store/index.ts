export { StoreRefused, storeAddress } from './exchange.js';
export { checkStudio, findRun } from './find-run.js';
export { artefactPath, folderStore, sha256Of } from './folder-store.js';
export { digestHeader, digestIn, type HttpStoreOptions, httpStore } from './http-store.js';
export { bringInputs, publishInputs } from './inputs.js';
export { type Artefact, isStageName, kindOfArtefact, type Published, type Store } from './store.js';
