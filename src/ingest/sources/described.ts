import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import { sha256, writeFileWhole } from '../../core/index.js';
import { describedFile } from '../decoders/clip.js';
import { descriptionExtension, type MediaDescription } from '../open-media.js';
import type { Candidate, DescribedMedia } from './candidate.js';

/** Writes a description, and copies what must lie beside it; a description that is there already and says the same is left alone. */
export function writeDescription({ description, copies }: DescribedMedia, path: string): void {
  for (const { from, to } of copies) {
    if (existsSync(to)) continue;
    mkdirSync(dirname(to), { recursive: true });
    const beside = `${to}.${process.pid}.tmp`;
    copyFileSync(from, beside);
    renameSync(beside, to);
  }
  const text = `${JSON.stringify(description, null, 1)}\n`;
  if (existsSync(path) && readFileSync(path, 'utf8') === text) return;
  writeFileWhole(path, text);
}

/** The files that a description names: a stretch's one, a pair's two; of other kinds none. */
export function filesOf(description: MediaDescription): readonly string[] {
  if (description.kind === 'clip') return [description.file];
  return description.kind === 'pair' ? [description.left, description.right] : [];
}

/** The files, or folders of pictures, that a candidate's content comes from. */
export function placesOf({ path, described }: Candidate): readonly string[] {
  if (!described) return [path];
  const { description } = described;
  return description.kind === 'npy'
    ? [description.file]
    : filesOf(description).map((file) => describedFile(path, file));
}

/** A candidate whose description another one with other files has in its place: it gets a name that comes from where its files lie. */
export function namedByPlace(candidate: Candidate): Candidate {
  const name = `${sha256(candidate.given ?? candidate.path).slice(0, 16)}${descriptionExtension}`;
  return { ...candidate, path: join(dirname(candidate.path), name) };
}

/** A candidate where nothing else lies: under its own name, unless a description of other files that are there has it already. */
export function ownPlace(candidate: Candidate): Candidate {
  const { path, described } = candidate;
  if (!described || !existsSync(path)) return candidate;
  const others = filesOf(JSON.parse(readFileSync(path, 'utf8')) as MediaDescription);
  const isSame = others.join('\n') === filesOf(described.description).join('\n');
  return isSame || !others.every((file) => existsSync(describedFile(path, file))) ? candidate : namedByPlace(candidate);
}

/**
 * What a path of a manifest holds inside the corpus: the file, what its site said of it, and the files that it describes.
 *
 * @param path as the manifest has it; of one outside the corpus there is nothing.
 */
export function mediaFiles(corpus: string, path: string): readonly string[] {
  if (!path.startsWith('media/')) return [];
  const withInfo = (file: string) => [file, `${file}.info.json`];
  if (!path.endsWith(descriptionExtension) || !existsSync(join(corpus, path))) return withInfo(path);
  const files = filesOf(JSON.parse(readFileSync(join(corpus, path), 'utf8')) as MediaDescription);
  const inside = files.filter((file) => !isAbsolute(file)).map((file) => join(dirname(path), file));
  return [path, ...inside.flatMap(withInfo)];
}
