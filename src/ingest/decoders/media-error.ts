import { accessSync, constants as fsConstants, statSync } from 'node:fs';
import { MediaError, type FailureCode } from '../../core/index.js';

/**
 * Makes sure that there is a file to read.
 *
 * @throws MediaError `file-missing`.
 */
export function assertReadable(path: string): void {
  try {
    accessSync(path, fsConstants.R_OK);
    if (!statSync(path).isFile()) throw new Error('it is not a file');
  } catch (cause) {
    throw mediaError('file-missing', path, cause instanceof Error ? cause.message : 'it cannot be read', cause);
  }
}

/** A MediaError whose message is `path: why`. */
export function mediaError(code: FailureCode, path: string, why: string, cause?: unknown): MediaError {
  return new MediaError(code, `${path}: ${why}.`, { context: { path }, cause });
}
