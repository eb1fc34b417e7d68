export { type Cell, type Column, pickTableRows, type Table, textsOf } from './column.js';
export { datasetsFromTables, type TableOptions } from './datasets.js';
export { tableFromCsv } from './from-csv.js';
export { tableFromJson, tableFromJsonLines, tableFromRecords } from './from-json.js';
export { findColumns, labelSets, splitNames, tableTargets } from './targets.js';
