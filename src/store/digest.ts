import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';

/** Collects what a dataset's digest is over. Samples come first, in key order; then labels, in key order; then the artefacts. */
export interface DigestBuilder {
  sample(key: Uint8Array, hash: Uint8Array): void;
  label(key: Uint8Array, hash: Uint8Array): void;
  /** Takes the SHA-256 of the bytes of `artefacts.safetensors`. */
  artefacts(hash: Uint8Array): void;
  /** 64 hexadecimal digits. */
  digest(): string;
}

/** The digest of a dataset: SHA-256 over one line each of `sample KEY SHA256`, `label KEY SHA256` and `artefacts SHA256`. */
export function createDigest(): DigestBuilder {
  const hash = createHash('sha256');
  const line = (kind: string, key: Uint8Array, value: Uint8Array) => {
    hash.update(`${kind} ${Buffer.from(key).toString()} ${Buffer.from(value).toString('hex')}\n`);
  };
  return {
    sample: (key, value) => line('sample', key, value),
    label: (key, value) => line('label', key, value),
    artefacts: (value) => void hash.update(`artefacts ${Buffer.from(value).toString('hex')}\n`),
    digest: () => hash.digest('hex'),
  };
}

/** SHA-256 of a file, 64 hexadecimal digits, read a piece at a time. */
export async function hashFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(chunk as Uint8Array);
  return hash.digest('hex');
}
