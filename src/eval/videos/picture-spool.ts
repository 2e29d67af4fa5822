import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { scratchFolder } from '../../core/index.js';

/** Pictures of one size in a scratch file, by number. */
export interface PictureSpool {
  readonly count: number;
  /** uint8 of the spool's size each. */
  append(pictures: readonly Uint8Array[]): void;
  /** uint8; the caller's own. */
  read(index: number): Uint8Array;
  /** Removes the file. */
  dispose(): void;
}

/** A spool in the folder for temporary files, so that memory does not grow with the list. */
export function openPictureSpool(pictureBytes: number): PictureSpool {
  const dir = mkdtempSync(join(scratchFolder(), 'reelmine-pictures-'));
  const file = openSync(join(dir, 'pictures'), 'w+');
  let count = 0;
  return {
    get count() {
      return count;
    },
    append(pictures) {
      for (const picture of pictures) {
        if (picture.length !== pictureBytes)
          throw new RangeError(`A picture of ${pictureBytes} bytes was expected, got ${picture.length}.`);
        writeSync(file, picture, 0, pictureBytes, count++ * pictureBytes);
      }
    },
    read(index) {
      const picture = new Uint8Array(pictureBytes);
      readSync(file, picture, 0, pictureBytes, index * pictureBytes);
      return picture;
    },
    dispose() {
      closeSync(file);
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
