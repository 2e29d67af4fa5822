import { defineRegistry } from '../../core/index.js';
import type { AnyDatasetExporter } from './define-exporter.js';

export type { AnyDatasetExporter, DatasetExporter, ExportContext, ExportedDataset } from './define-exporter.js';
export { readExportFile, type ExportFile } from './export-file.js';
export { hashFile } from '../digest.js';
export { readNpyExport } from './npy-reader.js';
export { decodeMembers } from './sample-members.js';
export { readWebDataset, type WebDatasetGroup } from './webdataset-reader.js';

/** The formats that datasets are written to: one line each. */
export const datasetExporters = defineRegistry<AnyDatasetExporter>('export format', {
  npy: () => import('./npy.js'),
  parquet: () => import('./parquet.js'),
  webdataset: () => import('./webdataset.js'),
});
