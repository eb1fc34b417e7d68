export { datasetsFromArrays } from './arrays.js';
export { type FilesByPart, type FilesOfPart, layOutFolders } from './class-folders.js';
export { type CsvOptions, type CsvTable, parseCsv } from './csv.js';
export { parseIdx } from './idx.js';
export { parseNpy } from './npy.js';
export { parseNpz } from './npz.js';
export * from './tables/index.js';
