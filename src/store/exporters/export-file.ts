import { copyFileSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import {
  folderKind,
  hashJson,
  readJsonFile,
  StoreError,
  syncFolder,
  toolVersion,
  writeFileWhole,
  type DatasetHeader,
} from '../../core/index.js';
import type { Dataset } from '../dataset.js';
import { artefactsName } from '../finish.js';

/** One finished file of an export. */
export interface ExportedFile {
  readonly file: string;
  /** Ordinal in the dataset of the first sample that was looked at for it. */
  readonly first: number;
  /** Samples in it, and those that could not be read. */
  readonly samples: number;
  readonly failed: number;
  readonly bytes: number;
  readonly sha256: string;
}

/** `export.json`: what an exported folder holds, rewritten after each finished file. */
export interface ExportFile {
  readonly schema: 1;
  readonly format: string;
  readonly config: unknown;
  /** False while files are missing. */
  readonly complete: boolean;
  readonly limit: number | null;
  readonly toolVersion: string;
  readonly dataset: DatasetHeader & { readonly digest: string; readonly samples: number };
  readonly files: readonly ExportedFile[];
  readonly leftOut: Readonly<Record<string, string>>;
  /** What a format adds. */
  readonly more?: Readonly<Record<string, unknown>>;
}

/** Name of the file that describes an export. */
export const exportFileName = 'export.json';

/** An export on its way. */
export interface ExportJournal {
  /** The finished files, in order. */
  readonly files: readonly ExportedFile[];
  readonly isComplete: boolean;
  /** Adds a finished file. */
  add(file: ExportedFile): void;
  /** Says that all is there. */
  complete(more?: Pick<ExportFile, 'leftOut' | 'more'>): void;
}

/** Reads `export.json`; null if the folder has none. Throws a StoreError as `readJsonFile` does. */
export function readExportFile(dir: string): ExportFile | null {
  const path = join(dir, exportFileName);
  return existsSync(path) ? readJsonFile<ExportFile>(path, 1) : null;
}

/**
 * Opens a folder for an export, new or to go on with: finished files of the same export are kept up to the first that is gone, has another
 * length, or lacks samples; what a killed run left beside them is removed.
 *
 * @throws StoreError `other-folder` if it holds something else of ours, `other-header` if it holds another export.
 */
export function openExport(
  out: string,
  {
    format,
    config,
    dataset,
    limit,
  }: { readonly format: string; readonly config: unknown; readonly dataset: Dataset; readonly limit: number },
): ExportJournal {
  mkdirSync(out, { recursive: true });
  const kind = folderKind(out);
  if (kind !== null)
    throw new StoreError('other-folder', `${out} holds a ${kind}; choose another folder.`, { context: { out, kind } });
  const found = readExportFile(out);
  const head = {
    schema: 1,
    format,
    config,
    limit: Number.isFinite(limit) ? limit : null,
    dataset: { ...dataset.header, digest: dataset.digest, samples: dataset.summary.samples },
  } as const;
  if (found && identityOf(found) !== identityOf(head)) {
    throw new StoreError(
      'other-header',
      `${out} holds another export: of another dataset, format or settings. Choose another folder, or remove it.`,
      { context: { out, format: found.format, digest: found.dataset.digest } },
    );
  }
  for (const name of readdirSync(out)) if (name.endsWith('.tmp')) rmSync(join(out, name), { force: true });
  const sound = found ? found.files.findIndex((file) => file.failed > 0 || !isThere(out, file)) : -1;
  const files = [...(found?.files.slice(0, sound < 0 ? undefined : sound) ?? [])];
  for (const { file } of found?.files.slice(files.length) ?? []) rmSync(join(out, file), { force: true });
  const save = (complete: boolean, more: Partial<ExportFile> = {}) => {
    const whole: ExportFile = { ...head, complete, toolVersion: toolVersion(), files, leftOut: {}, ...more };
    writeFileWhole(join(out, exportFileName), `${JSON.stringify(whole, null, 2)}\n`);
  };
  const isComplete = found !== null && found.complete && sound < 0;
  if (!isComplete) save(false);
  return {
    files,
    isComplete,
    add(file) {
      files.push(file);
      save(false);
    },
    complete: (more) => save(true, more),
  };
}

/** Copies what was learned from the whole dataset beside the export; false where the dataset has nothing of the kind. */
export function copyArtefacts(dataset: Dataset, out: string): boolean {
  const from = join(dataset.dir, artefactsName);
  if (!existsSync(from)) return false;
  const beside = join(out, `${artefactsName}.${process.pid}.tmp`);
  copyFileSync(from, beside);
  renameSync(beside, join(out, artefactsName));
  syncFolder(out);
  return true;
}

function identityOf({ format, config, limit, dataset }: Pick<ExportFile, 'format' | 'config' | 'limit' | 'dataset'>) {
  return hashJson({ format, config, limit, digest: dataset.digest });
}

function isThere(out: string, { file, bytes }: ExportedFile): boolean {
  return statSync(join(out, file), { throwIfNoEntry: false })?.size === bytes;
}
