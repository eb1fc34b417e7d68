export { checkpointFolder, type FolderWorkspace, openWorkspace } from './workspace.js';
