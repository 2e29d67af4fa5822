import { createHash } from 'node:crypto';
import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { syncFolder } from '../../core/index.js';

/** A file of lines on its way; it appears whole or not at all. */
export interface LinesFile {
  add(line: string): void;
  finish(): Promise<{ readonly bytes: number; readonly sha256: string }>;
  /** Removes what was written; nothing after `finish`. */
  discard(): void;
}

const pieceBytes = 1 << 20;

/** Begins a file of lines beside `path`. */
export function createLinesFile(path: string): LinesFile {
  const beside = `${path}.${process.pid}.tmp`;
  const handle = openSync(beside, 'w');
  const hash = createHash('sha256');
  let waiting = '';
  let bytes = 0;
  let isOpen = true;
  const flush = () => {
    const piece = Buffer.from(waiting);
    waiting = '';
    for (let at = 0; at < piece.length;) at += writeSync(handle, piece, at);
    hash.update(piece);
    bytes += piece.length;
  };
  return {
    add(line) {
      waiting += `${line}\n`;
      if (waiting.length >= pieceBytes) flush();
    },
    async finish() {
      flush();
      fsyncSync(handle);
      closeSync(handle);
      isOpen = false;
      renameSync(beside, path);
      syncFolder(dirname(path));
      return { bytes, sha256: hash.digest('hex') };
    },
    discard() {
      if (!isOpen) return;
      closeSync(handle);
      isOpen = false;
      rmSync(beside, { force: true });
    },
  };
}
