import { createReadStream } from 'node:fs';
import { basename } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { extract, type Header } from 'tar-stream';
import { StoreError } from '../../core/index.js';

/** The files of one sample in a WebDataset archive. */
export interface WebDatasetGroup {
  /** Their common name: the path up to the first dot after the last `/`. */
  readonly key: string;
  /** What follows that dot → content, in the order of the archive. */
  readonly members: ReadonlyMap<string, Uint8Array>;
}

type TarEntry = AsyncIterable<Uint8Array> & { readonly header: Header };

/** Largest member that is read, in bytes: it is held in memory. */
const mostBytes = 2 ** 30;

/**
 * The samples of a tar archive (`.tar`, or `.tar.gz` and `.tgz`) by WebDataset's rule: files that follow each other and have one name up to
 * the first dot belong together. Other entries than files, and files whose name begins with a dot, are passed over. One group is held at a time.
 *
 * @throws StoreError `corrupt` where the archive cannot be read, or not further; `too-large` for a member of more than 1 GiB.
 */
export async function* readWebDataset(path: string): AsyncGenerator<WebDatasetGroup> {
  let key: string | null = null;
  let members = new Map<string, Uint8Array>();
  for await (const { name, data } of readMembers(path)) {
    const [, own, extension] = /^((?:.*\/)?[^/.]+)\.([^/]*)$/s.exec(name) ?? [];
    if (own === undefined || extension === undefined) continue;
    if (key !== null && own !== key) {
      yield { key, members };
      members = new Map();
    }
    key = own;
    members.set(extension, data);
  }
  if (key !== null) yield { key, members };
}

async function* readMembers(path: string): AsyncGenerator<{ readonly name: string; readonly data: Uint8Array }> {
  const archive = extract();
  const file = createReadStream(path);
  const fed = (
    /gz$/i.test(path) ? pipeline(file, createGunzip(), archive as never) : pipeline(file, archive as never)
  ).then(
    () => null,
    (error: unknown) => error,
  );
  try {
    for await (const entry of archive as unknown as AsyncIterable<TarEntry>) {
      const { name, size, type } = entry.header;
      if (size > mostBytes) {
        throw new StoreError('too-large', `${path}: ${name} has ${size} bytes; up to ${mostBytes} are read.`, {
          context: { path, name },
        });
      }
      const pieces: Uint8Array[] = [];
      for await (const piece of entry) pieces.push(piece);
      if (type === 'file') yield { name, data: new Uint8Array(Buffer.concat(pieces)) };
    }
  } catch (error) {
    throw error instanceof StoreError ? error : broken(path, error);
  } finally {
    file.destroy();
    archive.destroy();
  }
  const error = await fed;
  if (error !== null) throw broken(path, error);
}

function broken(path: string, cause: unknown): StoreError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new StoreError('corrupt', `${basename(path)} cannot be read as a tar archive, or not further: ${why}.`, {
    context: { path },
    cause,
  });
}
