export { nodeHost } from './host.js';
export { checkpointFolder, type FolderWorkspace, openWorkerWorkspace, openWorkspace } from './workspace.js';
