import { createHash } from 'node:crypto';
import {
  createReadStream,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { open } from 'node:fs/promises';
import { basename, extname, join, resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { extract, type Header as EntryHeader } from 'tar-stream';
import { ConfigError, sha256, syncFolder, writeFileWhole } from '../../core/index.js';
import type { Candidate, ExpandedSources } from './candidate.js';
import { videoExtensions } from './files.js';

/** True for a tar archive, packed with gzip or not. */
export function isTarFile(path: string): boolean {
  return /\.(?:tar|tar\.gz|tgz)$/i.test(path);
}

interface Member {
  /** As the archive calls it; never used as a path. */
  readonly name: string;
  /** Of the file below `media/tar`: from its content. */
  readonly file: string;
}

/** What has been taken out of an archive, so that it is read once. */
interface TarIndex {
  readonly schema: 1;
  readonly bytes: number;
  readonly mtimeMs: number;
  readonly members: readonly Member[];
  readonly ignored: number;
}

/**
 * A tar of videos: its regular files with a video extension, copied to `<corpus>/media/tar` under names that come from their
 * contents. Links, devices and other files are counted as ignored, hidden files passed over. An archive that has not
 * changed is not read again.
 *
 * @param most more videos stay packed, as candidates with `packedBytes` that cannot be read.
 * @throws ConfigError `bad-list` if it is damaged.
 */
export async function expandTar(path: string, corpus: string, most = Infinity): Promise<ExpandedSources> {
  const absolute = resolve(path);
  const folder = join(corpus, 'media', 'tar');
  const { size: bytes, mtimeMs } = statSync(absolute);
  const stamp = sha256(`${absolute}\n${bytes} ${mtimeMs}`).slice(0, 16);
  const indexFile = join(folder, `${stamp}.index.json`);
  const known = readIndex(indexFile);
  const isFresh =
    known?.bytes === bytes &&
    known.mtimeMs === mtimeMs && // the name says so too; a file by chance of that name does not
    known.members.every(({ file }) => existsSync(join(folder, file)));
  const index: TarIndex & { readonly packed: readonly Packed[] } = isFresh
    ? { ...known, packed: [] }
    : { schema: 1, bytes, mtimeMs, ...(await unpack(absolute, folder, most)) };
  const { packed, ...whole } = index;
  if (!isFresh && packed.length === 0) writeFileWhole(indexFile, `${JSON.stringify(whole)}\n`);
  const archive = basename(absolute);
  const byFile = new Map<string, Candidate>();
  const add = (name: string, file: string, more: Pick<Candidate, 'packedBytes'> = {}) => {
    if (byFile.has(file)) return;
    byFile.set(file, {
      path: join(folder, file),
      key: `${archive}/${name}`,
      given: `${absolute}#${name}`,
      licence: null,
      origin: `${archive}#${name}`,
      benchmarks: {},
      ...more,
    });
  };
  for (const { name, file } of index.members) add(name, file);
  for (const [i, { name, bytes: packedBytes }] of packed.entries()) add(name, `${stamp}-${i}.packed`, { packedBytes });
  return { candidates: [...byFile.values()], ignored: index.ignored, absent: 0, warnings: [] };
}

/** A video of an archive, and its size. */
interface Packed {
  readonly name: string;
  readonly bytes: number;
}

/** What an archive holds. Of more than `most` videos those whose names have the lowest hashes are unpacked, the others only named. */
async function unpack(
  path: string,
  folder: string,
  most: number,
): Promise<Pick<TarIndex, 'members' | 'ignored'> & { readonly packed: readonly Packed[] }> {
  mkdirSync(folder, { recursive: true });
  const taken: (Member & Packed & { readonly hash: string })[] = [];
  const packed: Packed[] = [];
  const earlier: ReadonlySet<string> = new Set(readdirSync(folder));
  let ignored = 0;
  const giveUp = (hash: string): void => {
    const at = taken.findIndex((member) => member.hash === hash);
    const [{ name, bytes, file }] = taken.splice(at, 1) as [(typeof taken)[number]];
    packed.push({ name, bytes });
    if (!earlier.has(file) && !taken.some((member) => member.file === file)) rmSync(join(folder, file));
  };
  const entries = extract();
  const isPacked = /gz$/i.test(path);
  const reading = isPacked
    ? pipeline(createReadStream(path), createGunzip(), entries)
    : pipeline(createReadStream(path), entries);
  reading.catch(() => {}); // it is awaited once the members are read
  try {
    for await (const entry of entries as AsyncIterable<Readable & { readonly header: EntryHeader }>) {
      const { name, type, size: bytes } = entry.header;
      const extension = extname(name).toLowerCase();
      const isVideo = type === 'file' && videoExtensions.has(extension) && !basename(name).startsWith('.');
      const hash = sha256(name);
      const highest = taken.length < most ? null : taken.reduce((a, b) => (b.hash > a.hash ? b : a)).hash;
      if (isVideo && (highest === null || hash < highest)) {
        taken.push({ name, bytes, hash, file: await copyOut(entry, folder, extension) });
        if (highest !== null) giveUp(highest);
        continue;
      }
      if (isVideo) packed.push({ name, bytes });
      else if (type !== 'directory') ignored++;
      entry.resume();
    }
    await reading;
  } catch (cause) {
    throw new ConfigError(`${path} cannot be read as a tar archive: ${(cause as Error).message}.`, {
      code: 'bad-list',
      context: { path },
      cause,
    });
  }
  syncFolder(folder);
  return { members: taken.map(({ name, file }) => ({ name, file })), packed, ignored };
}

/** Copies a member beside, then names it by its content; gives the name. */
async function copyOut(entry: Readable, folder: string, extension: string): Promise<string> {
  const beside = join(folder, `.${process.pid}.part`);
  const hash = createHash('sha256');
  const file = await open(beside, 'w');
  try {
    for await (const chunk of entry as AsyncIterable<Uint8Array>) {
      hash.update(chunk);
      await file.writeFile(chunk);
    }
    await file.sync();
  } finally {
    await file.close();
  }
  const name = `${hash.digest('hex').slice(0, 32)}${extension}`;
  if (existsSync(join(folder, name))) rmSync(beside);
  else renameSync(beside, join(folder, name));
  return name;
}

function readIndex(file: string): TarIndex | null {
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as TarIndex) : null;
}
