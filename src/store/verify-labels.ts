import type { PageReader } from './lmdb-pages.js';
import { decodeLabels, encodeChecksum, hashOf } from './shard.js';

/**
 * Reads every label of a shard and checks it against its checksum; gives their keys and the SHA-256 of their bytes, for the digest.
 *
 * `labelsChecked`: there are checksums; files of version 0.1.0 have none.
 */
export function checkLabels({
  pages,
  report,
  labelsChecked,
}: {
  readonly pages: PageReader;
  readonly report: (problem: string) => void;
  readonly labelsChecked: boolean;
}): { readonly key: Uint8Array; readonly hash: Uint8Array }[] {
  const expected = new Map<string, Uint8Array>();
  const damage = (database: string) => (message: string) => report(`${database}: ${message}`);
  if (labelsChecked)
    for (const { key, value } of pages.entries('labelChecksums', damage('labelChecksums')))
      expected.set(Buffer.from(key).toString(), value);
  const labels = [...pages.entries('labels', damage('labels'))].map(({ key, value }) => {
    const name = Buffer.from(key).toString();
    const checksum = expected.get(name);
    expected.delete(name);
    if (labelsChecked && (!checksum || Buffer.compare(checksum, encodeChecksum(key, value)) !== 0))
      report(`the label of ${name} has a wrong checksum`);
    else if (!isLabel(value)) report(`the label of ${name} is damaged`);
    return { key, hash: hashOf(value) };
  });
  for (const name of expected.keys()) report(`the label of ${name} is missing`);
  return labels;
}

function isLabel(value: Uint8Array): boolean {
  try {
    decodeLabels(value);
    return true;
  } catch {
    return false;
  }
}
