import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createRandom, StoppedError, writeFileWhole, type EncodedImage, type JobContext } from '../core/index.js';
import type { Dataset } from '../store/index.js';
import type { ExchangeSummary } from './exchange.js';

/**
 * patch-triplets as its authors' trainer takes them: `list.txt` with a line `path label` for every patch, the two of a pair one after the other,
 * and the patches as pictures. Pairs are shuffled by the seed, since the trainer reads the list in order; the label tells videos apart.
 *
 * Source: Wang and Gupta, ICCV 2015, and Caffe's ImageData layer, which reads a list of paths and whole numbers.
 */
export async function writePatchList(
  dataset: Dataset,
  {
    out,
    seed,
    limit,
    pictures,
  }: { readonly out: string; readonly seed: number; readonly limit: number; readonly pictures: boolean },
  { emit, signal }: JobContext,
): Promise<ExchangeSummary> {
  const pairs: string[] = [];
  const total = Math.min(limit, dataset.summary.samples);
  for await (const { key, fields } of dataset.samples()) {
    if (pairs.length >= limit) break;
    if (signal.aborted) throw new StoppedError('Stopped; the list was not written.');
    const { patches, label } = fields as { readonly patches: readonly EncodedImage[]; readonly label: number };
    const lines = patches.map(({ image, data }, i) => {
      const path = `patches/${key.replace(/\/(\d+)$/, '-$1')}-${i}.${image === 'jpeg' ? 'jpg' : image}`;
      if (pictures) {
        mkdirSync(dirname(join(out, path)), { recursive: true });
        writeFileSync(join(out, path), data); // the list, which is written last, says that they are whole
      }
      return `${path} ${label}\n`;
    });
    pairs.push(lines.join(''));
    emit({ kind: 'progress', stage: 'export', done: pairs.length, total, unit: 'samples' });
  }
  const shuffled = createRandom(seed).fork('export', 'patch-list').shuffle(pairs);
  writeFileWhole(join(out, 'list.txt'), shuffled.join(''));
  return {
    counts: { done: pairs.length, skipped: 0, failed: 0, pictures: pictures ? 2 * pairs.length : 0 },
    outputs: [out],
    text: `${pairs.length} pairs of patches, in ${out}`,
  };
}
