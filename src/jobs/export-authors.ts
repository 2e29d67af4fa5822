import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { ConfigError, createRandom, writeFileWhole, type EncodedImage, type Sample } from '../core/index.js';
import { readCorpus } from '../ingest/index.js';
import { drawTuples, formatAuthors, keyOf, namesOf, type ExchangeQuintuple } from '../mining/index.js';
import { openDataset } from '../store/index.js';
import type { ExportFormat } from './exchange.js';
import { writePatchList } from './export-patch-list.js';

const config = z.strictObject({
  negativeShare: z
    .union([z.number().min(0).max(1), z.literal('all')])
    .default('all')
    .describe('Share of tuples that are in the wrong order; the paper takes 0.75; all: every tuple of every record.'),
  pictures: z.boolean().default(true).describe('Also writes the frames, as pictures/<key>.<extension>.'),
});

/**
 * What the authors of a signal exchange. temporal-order: `keys.txt`, `labels.txt`, and the frames that they name; patch-triplets: a list of
 * patches and labels.
 */
const authors: ExportFormat<z.infer<typeof config>> = {
  name: 'authors',
  config,
  async write({ dir, out, corpus, seed = 1, limit = Infinity }, { negativeShare, pictures }, context) {
    const { emit, signal } = context;
    const dataset = await openDataset(dir);
    try {
      if (dataset.header.signal === 'patch-triplets')
        return await writePatchList(dataset, { out, seed, limit, pictures }, context);
      if (dataset.header.signal !== 'temporal-order') {
        throw new ConfigError(
          `The format authors is of temporal-order and patch-triplets; ${dir} holds ${dataset.header.signal}.`,
        );
      }
      const nameOf = await videoNames(corpus, dataset.sources);
      const quintuples: ExchangeQuintuple[] = [];
      const written = new Set<string>();
      for await (const { fields, provenance } of dataset.samples()) {
        if (quintuples.length >= limit) break;
        signal.throwIfAborted();
        const frames = [...(fields['frames'] as Int32Array)] as unknown as ExchangeQuintuple['frames'];
        const video = nameOf(provenance.source);
        quintuples.push({ video, frames });
        if (pictures) writePictures(out, { video, frames, fields }, written);
        emit({
          kind: 'progress',
          stage: 'export',
          done: quintuples.length,
          total: dataset.size,
          unit: 'samples',
        });
      }
      const random = createRandom(seed).fork('export', 'authors');
      const tuples = drawTuples(quintuples, random, negativeShare === 'all' ? undefined : negativeShare);
      const { keys, labels } = formatAuthors(tuples);
      writeFileWhole(join(out, 'keys.txt'), keys);
      writeFileWhole(join(out, 'labels.txt'), labels);
      return {
        counts: { done: quintuples.length, skipped: 0, failed: 0, tuples: tuples.length, pictures: written.size },
        outputs: [out],
        text: `${tuples.length} tuples of ${quintuples.length} samples, ${written.size} pictures, in ${out}`,
      };
    } finally {
      await dataset.close();
    }
  },
};

export default authors;

/** What keys call each source: the first name that it has in the corpus, with its id where two have the same. */
async function videoNames(corpusDir: string | undefined, sources: readonly string[]): Promise<(id: string) => string> {
  if (corpusDir === undefined) return (id) => id;
  const corpus = await readCorpus(corpusDir);
  const names = new Map(corpus.sources.map((source) => [source.id, namesOf(source)[0] ?? source.id]));
  const missing = sources.find((id) => !names.has(id));
  if (missing !== undefined) throw new ConfigError(`${corpusDir} does not hold the source ${missing} of the dataset.`);
  const often = new Map<string, number>();
  for (const name of names.values()) often.set(name, (often.get(name) ?? 0) + 1);
  return (id) => {
    const name = names.get(id) ?? id;
    return often.get(name) === 1 ? name : `${name}-${id}`;
  };
}

function writePictures(
  out: string,
  { video, frames, fields }: ExchangeQuintuple & Pick<Sample, 'fields'>,
  written: Set<string>,
): void {
  const images = fields['images'] as readonly EncodedImage[];
  frames
    .filter((frame) => frame >= 0)
    .forEach((frame, i) => {
      const { image, data } = images[i]!;
      const path = join(out, 'pictures', `${keyOf(video, frame)}.${image === 'jpeg' ? 'jpg' : image}`);
      if (written.has(path)) return;
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, data);
      written.add(path);
    });
}
