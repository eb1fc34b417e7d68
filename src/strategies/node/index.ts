export { nodeHost } from './host.js';
export { checkpointFolder, type FolderWorkspace, openWorkspace } from './workspace.js';
