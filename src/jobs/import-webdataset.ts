import { existsSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { z } from 'zod';
import { ConfigError, hashJson, StoreError, type SampleSpec } from '../core/index.js';
import { decodeMembers, hashFile, readExportFile, readWebDataset, type ExportFile } from '../store/index.js';
import type { ImportFormat } from './exchange.js';
import {
  artefactsOfExport,
  assertImportable,
  headerOfClips,
  headerOfExport,
  writeIncoming,
  type ImportFailure,
  type Incoming,
} from './import-dataset.js';
import { clipOfPictures, groupByFolder, type ClipSettings } from './webdataset-clips.js';

const config = z.strictObject({
  clip: z
    .enum(['key', 'folder'])
    .default('key')
    .describe(
      'Of archives that are not ours, what is one clip: all pictures under one key, or those of keys in one folder.',
    ),
  framesPerSecond: z
    .number()
    .positive()
    .default(10)
    .describe('Of archives that are not ours, the rate of the frames, which archives do not say.'),
});

/**
 * WebDataset archives. Those that `export` wrote become the dataset that they were. Of others every key, or every folder, with two or more
 * pictures becomes a clip; numbers and texts in its `.cls`, `.txt` and `.json` become labels.
 */
const webdataset: ImportFormat<z.infer<typeof config>> = {
  name: 'webdataset',
  config,
  async read({ files: given, signal: name, out, limit }, settings, context) {
    const files = given.map((file) => resolve(file));
    for (const file of files) if (!existsSync(file)) throw new ConfigError(`${file} does not exist.`);
    const dir = dirname(files[0]!);
    const own = readExportFile(dir);
    if (own) {
      assertImportable(dir, own, 'webdataset', name);
      const wanted = ownFiles(dir, own, files);
      const isWhole = wanted.length === own.files.length;
      const header = headerOfExport(own, limit);
      const selection = isWhole
        ? header.selection
        : { ...header.selection, files: wanted.map((file) => basename(file)) };
      const total = isWhole ? own.dataset.samples : null;
      const target = { out, header: { ...header, selection }, artefacts: artefactsOfExport(dir, own), limit, total };
      return writeIncoming(readOwn(wanted, own.dataset.spec), target, context);
    }
    if (name !== 'clips')
      throw new ConfigError(`Archives without our export.json can only become clips, not ${name}.`, {
        context: { files },
      });
    const archives = [];
    for (const file of files) archives.push({ name: basename(file), sha256: await hashFile(file) });
    const imported = { format: 'webdataset', ...settings, archives };
    const header = await headerOfClips({ imported, corpusDigest: hashJson(archives), limit });
    const incoming = readClips(files, settings);
    return writeIncoming(incoming, { out, header, artefacts: {}, limit, total: null }, context);
  },
};

export default webdataset;

/** The archives that are asked for, in the order in which they were written. */
function ownFiles(dir: string, { files }: ExportFile, given: readonly string[]): readonly string[] {
  const known = files.map(({ file }) => join(dir, file));
  const stranger = given.find((file) => !known.includes(file));
  if (stranger !== undefined)
    throw new ConfigError(`${stranger} is not one of the archives that ${join(dir, 'export.json')} names.`);
  return known.filter((file) => given.includes(file));
}

async function* readOwn(files: readonly string[], spec: SampleSpec): AsyncGenerator<Incoming> {
  for (const file of files) {
    let last: string | null = null;
    try {
      for await (const { key, members } of readWebDataset(file)) {
        try {
          const value = decodeMembers(spec, members);
          last = value.sample.key;
          yield { kind: 'sample', value };
        } catch (error) {
          yield failureOf(file, key, unitOfName(key), error);
        }
      }
    } catch (error) {
      yield failureOf(file, '', last === null ? null : last.slice(0, last.lastIndexOf('/')), error);
      yield { kind: 'gap' };
    }
  }
}

async function* readClips(files: readonly string[], settings: ClipSettings): AsyncGenerator<Incoming> {
  for (const file of files) {
    try {
      const groups = readWebDataset(file);
      for await (const { key, members } of settings.clip === 'folder' ? groupByFolder(groups) : groups) {
        try {
          const value = await clipOfPictures(`${basename(file)}/${key}`, members, settings);
          yield { kind: 'sample', value };
        } catch (error) {
          yield failureOf(file, key, null, error);
        }
      }
    } catch (error) {
      yield failureOf(file, '', null, error);
    }
  }
}

function failureOf(file: string, key: string, unit: string | null, error: unknown): Incoming {
  if (!(error instanceof StoreError)) throw error;
  const { message } = error;
  const value: ImportFailure = {
    path: key === '' ? file : `${file}#${key}`,
    code: key === '' ? 'truncated' : error.code === 'no-frames' ? 'no-frames' : 'decode-error',
    message,
    unit,
  };
  return { kind: 'failure', value };
}

/** The unit of a member's name as our exporter writes it; null for another name. */
function unitOfName(name: string): string | null {
  const [, source, shot] = /^([^_]*)-(\d+)-\d+$/.exec(name) ?? [];
  return source === undefined || shot === undefined ? null : `${source}/${shot}`;
}
