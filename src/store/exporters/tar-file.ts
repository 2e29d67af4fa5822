import { createHash } from 'node:crypto';
import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { pack } from 'tar-stream';
import { syncFolder } from '../../core/index.js';

/** A tar archive on its way: equal members in equal order give equal bytes. */
export interface TarFile {
  /** Bytes so far. */
  readonly bytes: number;
  add(name: string, data: Uint8Array): Promise<void>;
  /** Ends the archive and puts it under its name. */
  finish(): Promise<{ readonly bytes: number; readonly sha256: string }>;
  /** Removes what was written; nothing after `finish`. */
  discard(): Promise<void>;
}

/** Begins a tar archive beside `path`. Members have no time, owner or group of this machine. */
export function createTarFile(path: string): TarFile {
  const beside = `${path}.${process.pid}.tmp`;
  const handle = openSync(beside, 'w');
  const hash = createHash('sha256');
  const archive = pack();
  let bytes = 0;
  let failure: unknown = null;
  let isOpen = true;
  const write = (chunk: Uint8Array) => {
    try {
      for (let at = 0; at < chunk.length;) at += writeSync(handle, chunk, at);
    } catch (error) {
      failure = error; // a full disk; `add` fails then, since the archive is destroyed, and says this
      throw error;
    }
    hash.update(chunk);
    bytes += chunk.length;
  };
  const written = (async () => {
    for await (const chunk of archive as AsyncIterable<Uint8Array>) write(chunk);
  })().catch((error: unknown) => {
    failure ??= error;
  });
  const close = () => {
    if (isOpen) closeSync(handle);
    isOpen = false;
  };
  return {
    get bytes() {
      return bytes;
    },
    async add(name, data) {
      const header = {
        name,
        size: data.length,
        mode: 0o644,
        mtime: new Date(0),
        uid: 0,
        gid: 0,
        type: 'file',
      } as const;
      await new Promise<void>((resolve, reject) => {
        // The callback comes once the member has gone through: memory does not grow with the archive.
        const member = archive.entry(header, (error) => {
          if (error) reject(failure instanceof Error ? failure : error);
          else resolve();
        });
        member.on('error', () => {}); // told to the callback
        member.end(Buffer.from(data.buffer, data.byteOffset, data.byteLength));
      });
    },
    async finish() {
      archive.finalize();
      await written;
      if (failure !== null) throw failure as Error;
      fsyncSync(handle);
      close();
      renameSync(beside, path);
      syncFolder(dirname(path));
      return { bytes, sha256: hash.digest('hex') };
    },
    async discard() {
      if (!isOpen) return;
      archive.destroy();
      await written;
      close();
      rmSync(beside, { force: true });
    },
  };
}
