import { closeSync, openSync, readSync } from 'node:fs';

const pieceBytes = 1 << 20;

/** True if a file holds this text somewhere, as UTF-8. */
export function fileHolds(path: string, text: string): boolean {
  const wanted = Buffer.from(text);
  const overlap = wanted.length - 1;
  const piece = Buffer.alloc(overlap + pieceBytes);
  const file = openSync(path, 'r');
  try {
    let kept = 0;
    for (;;) {
      const read = readSync(file, piece, kept, pieceBytes, null);
      if (read === 0) return false;
      const end = kept + read;
      if (piece.subarray(0, end).includes(wanted)) return true;
      kept = Math.min(overlap, end);
      piece.copy(piece, 0, end - kept, end);
    }
  } finally {
    closeSync(file);
  }
}
