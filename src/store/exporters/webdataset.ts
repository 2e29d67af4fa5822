import { z } from 'zod';
import { writeFileWhole } from '../../core/index.js';
import { join } from 'node:path';
import { datasetCard } from './dataset-card.js';
import { defineExporter } from './define-exporter.js';
import { copyArtefacts, openExport } from './export-file.js';
import { exportShards, type ShardFile } from './export-shards.js';
import { encodeMembers } from './sample-members.js';
import { splitName, summarize } from './split.js';
import { createTarFile } from './tar-file.js';
import type { SampleSpec } from '../../core/index.js';

const config = z.strictObject({
  split: splitName,
  shardBytes: z
    .int()
    .min(1000)
    .default(256_000_000)
    .describe('Size of a tar archive from which the next one is begun, in bytes.'),
});

/** WebDataset: tar archives in which the files of one sample stand together, under one name with different extensions. */
export default defineExporter({
  name: 'webdataset',
  config,
  async write(settings, context) {
    const { split, shardBytes } = settings;
    const { dataset, out, limit } = context;
    const journal = openExport(out, { format: 'webdataset', config: settings, dataset, limit });
    const kept = journal.files.reduce((sum, { samples }) => sum + samples, 0);
    await exportShards(context, {
      journal,
      shardBytes,
      fileName: (shard) => `${split}-${String(shard).padStart(5, '0')}.tar`,
      open: (path) => openTarShard(path, dataset.header.spec),
    });
    const hasArtefacts = copyArtefacts(dataset, out);
    const card = datasetCard(context, journal.files, { format: 'webdataset', split, pattern: `${split}-*.tar` });
    writeFileWhole(join(out, 'README.md'), card);
    if (!journal.isComplete) journal.complete({ leftOut: {}, more: { hasArtefacts } });
    return summarize(out, journal.files, kept, {});
  },
});

/**
 * A sample's key as the name of its files: without `/` and dots, which WebDataset reads as folder and extension. Other characters than letters,
 * digits and `-` are written as `_` and two hexadecimal digits for each byte, so that names differ where keys do.
 */
export function memberName(key: string): string {
  const [, source = key, place = ''] = /^(.*)\/(\d+\/\d+)$/.exec(key) ?? [];
  const escaped = source.replace(/[^A-Za-z0-9-]/gu, (character) =>
    Array.from(Buffer.from(character), (byte) => `_${byte.toString(16).padStart(2, '0')}`).join(''),
  );
  return place === '' ? escaped : `${escaped}-${place.replace('/', '-')}`;
}

function openTarShard(path: string, spec: SampleSpec): ShardFile {
  const tar = createTarFile(path);
  return {
    get bytes() {
      return tar.bytes;
    },
    async add(sample, labels) {
      const name = memberName(sample.key);
      for (const { extension, data } of encodeMembers(spec, sample, labels))
        await tar.add(`${name}.${extension}`, data);
    },
    finish: () => tar.finish(),
    discard: () => tar.discard(),
  };
}
