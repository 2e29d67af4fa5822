import { canonicalJson, cacheFolder, ConfigError, folderKind, MediaError, type VideoSource } from '../core/index.js';
import { probeBackends } from '../engine/index.js';
import { decoders, hashSource, readCorpus, sourcePath } from '../ingest/index.js';
import { doctor, type DoctorPart } from '../setup/index.js';
import { diffDatasets, lmdbStatus, verifyDataset } from '../store/index.js';

/** What `verify` found. */
export interface FolderCheck {
  readonly digest: string | null;
  /** Records that were read: samples of a dataset, sources of a corpus. */
  readonly records: number;
  /** One sentence per damage, naming the record. */
  readonly problems: readonly string[];
}

/** Reads every record of a corpus or dataset and checks it against its checksum. */
export async function verify(dir: string): Promise<FolderCheck> {
  const kind = folderKind(dir);
  if (kind === 'dataset') {
    const { digest, samples, problems } = await verifyDataset(dir);
    return { digest, records: samples, problems };
  }
  if (kind !== 'corpus') throw new ConfigError(`${dir} is neither a corpus nor a dataset.`, { context: { dir } });
  const corpus = await readCorpus(dir);
  const problems: string[] = [];
  for (const source of corpus.sources) {
    const problem = await checkSource(corpus.root, source);
    if (problem !== null) problems.push(problem);
  }
  return { digest: corpus.digest, records: corpus.sources.length, problems };
}

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

async function checkSource(root: string, source: VideoSource): Promise<string | null> {
  try {
    const path = sourcePath(root, source);
    return (await hashSource(path)) === source.sha256 ? null : `${source.id}: ${path} is no longer what was ingested`;
  } catch (error) {
    if (error instanceof MediaError) return `${source.id}: ${error.message}`;
    throw error;
  }
}
