import { join } from 'node:path';
import { z } from 'zod';
import type { ExportedDataset } from './define-exporter.js';
import type { ExportedFile } from './export-file.js';

/** Setting of formats whose files are named for a split. */
export const splitName = z
  .string()
  .regex(/^[a-z][a-z0-9_]*$/, 'It must be lower-case letters, digits and _.')
  .default('train')
  .describe('Name of the split that the files are: train, validation, test, ….');

/** What finished files hold together. */
export function summarize(
  out: string,
  files: readonly ExportedFile[],
  kept: number,
  leftOut: Readonly<Record<string, string>>,
): ExportedDataset {
  const sum = (name: 'samples' | 'failed' | 'bytes') => files.reduce((total, file) => total + file[name], 0);
  return {
    samples: sum('samples'),
    kept,
    failed: sum('failed'),
    bytes: sum('bytes'),
    files: files.map(({ file }) => join(out, file)),
    leftOut,
  };
}
