import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { expandSources } from '../src/ingest/index.js';
import { testData } from './fixtures/test-data.js';

const root = fileURLToPath(new URL('../data/', import.meta.url));
const corpora = readdirSync(root, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);

const count = z.int().positive();
const corpusFile = z.strictObject({
  name: z.string(),
  title: z.string().min(1),
  home: z.url(),
  origin: z.string().min(1),
  reference: z.string().min(1),
  licence: z.string().min(1),
  get: z.string().min(1),
  ingest: z.array(z.string()).min(1),
  classes: count.optional(),
  clips: count.optional(),
  splits: z.array(z.strictObject({ train: count.optional(), test: count, unused: count.optional() })).optional(),
  checksums: z.record(z.string(), z.string().regex(/^(?:[0-9a-f]{64}|md5:[0-9a-f]{32})$/)),
});
const read = (name: string) => corpusFile.parse(parse(readFileSync(join(root, name, 'corpus.yaml'), 'utf8')));

describe('data', () => {
  it('describes every corpus that there is a source or a recipe for', () => {
    expect(corpora.sort()).toEqual([
      'bair',
      'caltech-pedestrian',
      'davis',
      'hmdb51',
      'kitti',
      'kth',
      'moving-mnist',
      'ucf101',
      'voc2007',
    ]);
    expect(readdirSync(root).filter((name) => !corpora.includes(name))).toEqual(['README.md']);
  });

  it.each(corpora)(
    '%s has a checked corpus.yaml and a README.md of origin, licence and checksums, and nothing else',
    (name) => {
      expect(readdirSync(join(root, name)).sort()).toEqual(['README.md', 'corpus.yaml']);
      const corpus = read(name);
      expect(corpus.name).toBe(name);
      const page = readFileSync(join(root, name, 'README.md'), 'utf8');
      expect(page.startsWith(`# ${corpus.title}\n`)).toBe(true);
      for (const word of ['**Origin**', '**Licence**', 'hecksums', 'reelmine ingest', '## Beware'])
        expect(page).toContain(word);
      if (Object.keys(corpus.checksums).length === 0) expect(page).not.toMatch(/checksums are in|in `corpus.yaml`/i);
      for (const { train, test, unused = 0 } of corpus.splits ?? [])
        if (train !== undefined && corpus.clips !== undefined) expect(train + test + unused).toBe(corpus.clips);
    },
  );

  it.each(corpora)('%s is ingested by sources that exist', async (name) => {
    for (const source of read(name).ingest) {
      const nowhere = source.replace('DIR', '/nowhere').replace('digits=MNIST', 'digits=/nowhere');
      await expect(expandSources([nowhere], '/nowhere')).rejects.toMatchObject({ code: 'source-missing' });
    }
  });

  const data = testData();
  it.skipIf(data === null)('names the checksums that the files have (needs the shared test data)', () => {
    const places = { ucf101: 'ucf101/ucfTrainTestlist', 'moving-mnist': 'mnist' } as const;
    let checked = 0;
    for (const [name, folder] of Object.entries(places)) {
      for (const [file, sum] of Object.entries(read(name).checksums)) {
        const path = join(data!, folder, file);
        if (!existsSync(path)) continue;
        expect(createHash('sha256').update(readFileSync(path)).digest('hex')).toBe(sum);
        checked++;
      }
    }
    expect(checked).toBe(10);
  });
});
