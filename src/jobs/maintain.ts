import { canonicalJson, cacheFolder, ConfigError, folderKind, type VideoSource } from '../core/index.js';
import { probeBackends } from '../engine/index.js';
import { decoders, readCorpus } from '../ingest/index.js';
import { doctor, type DoctorPart } from '../setup/index.js';
import { diffDatasets, lmdbStatus } from '../store/index.js';

/** Sentences that say what differs between two datasets or two corpora; none when they are equal. */
export async function diff(a: string, b: string): Promise<readonly string[]> {
  const [kindA, kindB] = [folderKind(a), folderKind(b)];
  if (kindA !== kindB || (kindA !== 'dataset' && kindA !== 'corpus')) {
    throw new ConfigError(
      `diff takes two datasets or two corpora; ${a} is ${kindA ?? 'neither'} and ${b} is ${kindB ?? 'neither'}.`,
    );
  }
  if (kindA === 'dataset') return diffDatasets(a, b);
  const [one, two] = [await readCorpus(a), await readCorpus(b)];
  const byId = (sources: readonly VideoSource[]) => new Map(sources.map((source) => [source.id, source]));
  const [left, right] = [byId(one.sources), byId(two.sources)];
  const comparable = (source: VideoSource) => canonicalJson({ ...source, paths: [] });
  return [...new Set([...left.keys(), ...right.keys()])].sort().flatMap((id) => {
    const [x, y] = [left.get(id), right.get(id)];
    if (!x || !y) return [`${id} (${(x ?? y)?.paths[0] ?? ''}) is only in ${x ? a : b}`];
    return comparable(x) === comparable(y) ? [] : [`${id} (${x.paths[0] ?? ''}) has another manifest line`];
  });
}

/** Every part of the installation: decoders and their codecs, engines, LMDB, tools, cores, memory, disk. */
export async function diagnose(): Promise<readonly DoctorPart[]> {
  const parts: DoctorPart[] = [];
  for (const name of decoders.names) {
    const decoder = await decoders.load(name);
    const missing = await decoder.unavailable();
    const codecs = missing === null ? await decoder.codecs() : [];
    parts.push({
      name: `decoder ${name}`,
      ok: missing === null,
      detail: missing ?? `${await decoder.version()}; ${codecs.length} picture codecs: ${describeCodecs(codecs)}`,
      remedy:
        missing === null ? null : 'run reelmine setup, or install ffmpeg (apt-get install ffmpeg, brew install ffmpeg)',
    });
  }
  parts.push(...(await probeBackends()));
  const lmdb = await lmdbStatus();
  parts.push({ name: 'LMDB', ok: lmdb.ok, detail: lmdb.detail, remedy: lmdb.remedy });
  return [...parts, ...(await doctor({ folder: cacheFolder() }))];
}

const commonCodecs = [
  'h264',
  'hevc',
  'av1',
  'vp9',
  'vp8',
  'mpeg4',
  'mpeg2video',
  'mpeg1video',
  'mjpeg',
  'h263',
  'gif',
  'prores',
];

function describeCodecs(codecs: readonly string[]): string {
  const has = (name: string) =>
    codecs.some((codec) => codec === name || (codec.startsWith(`lib`) && codec.includes(name)));
  return commonCodecs.map((name) => (has(name) ? name : `no ${name}`)).join(', ');
}
