import { StoreError } from '../core/index.js';

const reasons: Readonly<Record<string, readonly [code: string, why: string]>> = {
  ENOSPC: ['disk-full', 'the disk is full'],
  EDQUOT: ['disk-full', 'the disk is full, as far as it is yours'],
  EFBIG: ['disk-full', 'the file may not grow further'],
  EROFS: ['read-only', 'it may not be written'],
  EACCES: ['no-access', 'it may not be read or written'],
  EPERM: ['no-access', 'it may not be read or written'],
};

/** True for what a disk or folder refuses: neither a network's fault nor a bug. */
export function isDiskError(error: unknown): error is NodeJS.ErrnoException {
  const { code = '', syscall } = error as Partial<NodeJS.ErrnoException>;
  return syscall !== undefined && Object.hasOwn(reasons, code);
}

/** A StoreError `disk-full`, `read-only` or `no-access` that names the place; any other error as it is. */
export function explainDiskError(folder: string, error: unknown): unknown {
  if (!isDiskError(error)) return error;
  const [code, why] = reasons[error.code!]!;
  const place = error.path ?? folder;
  return new StoreError(code, `${place}: ${why}. What was done before is saved; run it again.`, {
    context: { place, folder },
    cause: error,
  });
}
