import { existsSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import {
  encodeSafetensors,
  StoreError,
  writeFileWhole,
  type DatasetStage,
  type DatasetSummary,
  type SafeTensor,
} from '../core/index.js';
import { createDigest, hashFile, type DigestBuilder } from './digest.js';
import { encodeLabels, hashBytes, hashOf, shardName, shardOf, type ShardStats } from './shard.js';
import type { ShardPlace } from './shard-place.js';
import type { ShardWriter } from './shard-writer.js';

type EncodedLabel = readonly [key: Uint8Array, value: Uint8Array];

interface Tally {
  samples: number;
  sources: number;
  units: number;
  bytes: number;
  readonly rejections: Record<string, number>;
}

/** Name of the file for arrays learned from the whole dataset. */
export const artefactsName = 'artefacts.safetensors';

/**
 * Seals and closes the shards of a dataset, writes their stats and the artefacts, and sums up. May be run again after a kill at any moment.
 *
 * @throws StoreError `corrupt` if a unit's record and its samples disagree, TypeError for a label of a sample that is not there.
 */
export async function finishShards(
  dir: string,
  shards: readonly ShardWriter[],
  stage: DatasetStage | null,
  place: ShardPlace,
): Promise<DatasetSummary> {
  const labels = distributeLabels(shards, stage);
  const artefacts = encodeArtefacts(stage);
  const digest = createDigest();
  const total: Tally = { samples: 0, sources: 0, units: 0, bytes: 0, rejections: {} };
  const tallies = shards.map((shard, i) => tallyShard(place.path(i), shard, digest));
  for (const [i, shard] of shards.entries()) {
    await shard.seal(labels[i] as EncodedLabel[]);
    await shard.close();
    for (const [key, value] of labels[i] as EncodedLabel[]) digest.label(key, hashOf(value));
    await writeStats(join(dir, `${shardName(i)}.json`), place.path(i), tallies[i] as Tally);
    place.publish(i);
    addTally(total, tallies[i] as Tally);
  }
  const path = join(dir, artefactsName);
  if (artefacts) {
    digest.artefacts(hashOf(artefacts));
    writeFileWhole(path, artefacts);
  } else if (existsSync(path)) rmSync(path);
  const { samples, sources, units, bytes } = total;
  return { digest: digest.digest(), samples, sources, units, bytes, rejections: sortKeys(total.rejections) };
}

/** Goes over units and sample keys side by side; the hashes are those that were written with the samples. */
function tallyShard(path: string, shard: ShardWriter, digest: DigestBuilder): Tally {
  const tally: Tally = { samples: 0, sources: 0, units: 0, bytes: 0, rejections: {} };
  const keys = shard.sampleKeys()[Symbol.iterator]();
  let lastSource = '';
  for (const { key, record } of shard.units()) {
    const unit = Buffer.from(key).toString();
    for (let n = 0; n < record.samples; n++) {
      const sample = keys.next().value as Uint8Array | undefined;
      if (!sample || !Buffer.from(sample).toString().startsWith(`${unit}/`)) throw mismatch(path, unit);
      digest.sample(sample, record.hashes.subarray(n * hashBytes, (n + 1) * hashBytes));
    }
    const source = unit.slice(0, unit.lastIndexOf('/'));
    if (record.samples > 0 && source !== lastSource) {
      tally.sources++;
      lastSource = source;
    }
    tally.units++;
    tally.samples += record.samples;
    tally.bytes += record.bytes;
    for (const [code, { count }] of Object.entries(record.rejections))
      tally.rejections[code] = (tally.rejections[code] ?? 0) + count;
  }
  const extra = keys.next().value as Uint8Array | undefined;
  if (extra) throw mismatch(path, Buffer.from(extra).toString());
  return tally;
}

async function writeStats(path: string, shard: string, { samples, sources, units }: Tally): Promise<void> {
  const stats: ShardStats = {
    schema: 1,
    samples,
    sources,
    units,
    bytes: statSync(shard).size,
    sha256: await hashFile(shard),
    checksums: 'crc32',
    labelChecksums: 'crc32',
  };
  writeFileWhole(path, `${JSON.stringify(stats, null, 2)}\n`);
}

/** Encoded labels by shard, in key order. */
function distributeLabels(shards: readonly ShardWriter[], stage: DatasetStage | null): EncodedLabel[][] {
  const labels: EncodedLabel[][] = shards.map(() => []);
  for (const [key, value] of stage?.labels ?? []) {
    const bytes = Buffer.from(key);
    const shard = shardOf(key.slice(0, key.indexOf('/')), shards.length);
    if (shards[shard]?.sampleValue(bytes) === undefined)
      throw new TypeError(`A label is given for ${key}, which is not a sample.`);
    labels[shard]?.push([bytes, encodeLabels(value)]);
  }
  for (const list of labels) list.sort(([a], [b]) => Buffer.compare(a, b));
  return labels;
}

function encodeArtefacts(stage: DatasetStage | null): Uint8Array | null {
  const artefacts = Object.entries(stage?.artefacts ?? {});
  if (artefacts.length === 0) return null;
  for (const [name, { dtype }] of artefacts) {
    if (dtype === 'string' || dtype === 'image')
      throw new TypeError(`Artefact ${name} must hold numbers, got ${dtype}.`);
  }
  return encodeSafetensors(Object.fromEntries(artefacts) as Record<string, SafeTensor>);
}

function addTally(total: Tally, { samples, sources, units, bytes, rejections }: Tally): void {
  total.samples += samples;
  total.sources += sources;
  total.units += units;
  total.bytes += bytes;
  for (const [code, count] of Object.entries(rejections))
    total.rejections[code] = (total.rejections[code] ?? 0) + count;
}

function sortKeys(counts: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(counts).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function mismatch(path: string, key: string): StoreError {
  return new StoreError(
    'corrupt',
    `${path}: the samples of unit ${key} are not those that its record counts. Run reelmine verify.`,
    {
      context: { path, key },
    },
  );
}
