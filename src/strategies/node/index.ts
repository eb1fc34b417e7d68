export { hasBegun } from './events.js';
export { type FollowedRun, type FollowOptions, followRun, readRun } from './follow.js';
export { nodeHost } from './host.js';
export { steer } from './steer.js';
export { checkpointFolder } from './store/checkpoints.js';
export * from './store/index.js';
export { type FolderWorkspace, openWorkerWorkspace, openWorkspace } from './workspace.js';
