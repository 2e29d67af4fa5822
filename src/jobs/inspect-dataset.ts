import { existsSync, readdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import {
  ConfigError,
  ptsToSeconds,
  readJsonFile,
  type Box,
  type RejectionExample,
  type Sample,
  type SampleSpec,
} from '../core/index.js';
import { readCorpus, selectDecoder, type Corpus } from '../ingest/index.js';
import { miners, type DrawSample } from '../mining/index.js';
import {
  encodePictures,
  type DatasetReport,
  type Fact,
  type FrameStrip,
  type RejectionPlace,
} from '../report/index.js';
import { openDataset, type Dataset } from '../store/index.js';
import { yieldByClass } from './class-funnel.js';
import { openForDrawing, type DrawingVideo } from './draw-video.js';

/** How much of a dataset is drawn. */
export interface DatasetDrawing {
  readonly samples?: number;
  /** Places of each rejection code. */
  readonly placesPerCode?: number;
  /** The corpus that it was mined from; null: only what the samples hold is drawn. */
  readonly corpus: Corpus | null;
}

/** Numbers and words about a dataset. */
export function datasetFacts({ header, summary }: Dataset): readonly Fact[] {
  return [
    { label: 'signal', value: `${header.signal} version ${header.signalVersion}` },
    { label: 'samples', value: summary.samples },
    { label: 'sources', value: summary.sources },
    { label: 'shots', value: summary.units },
    { label: 'bytes', value: summary.bytes },
    { label: 'decoder', value: `${header.decoder.name} ${header.decoder.version}` },
    { label: 'seed', value: header.seed },
    { label: 'digest', value: summary.digest },
  ];
}

/**
 * The corpus that a dataset was mined from: the one given, else one in a folder near it whose digest is the dataset's.
 *
 * @throws ConfigError if the one given is another.
 */
export async function corpusOf(dir: string, given: string | undefined): Promise<Corpus | null> {
  const { corpusDigest } = readJsonFile<{ schema: number; corpusDigest: string }>(join(dir, 'dataset.json'), Infinity);
  if (given !== undefined) {
    if (digestOf(given) === corpusDigest) return readCorpus(given);
    throw new ConfigError(`${dir} was not mined from ${given}: its corpus has the digest ${corpusDigest}.`, {
      context: { dir, corpus: given },
    });
  }
  const near = [dirname(resolve(dir)), dirname(dirname(resolve(dir)))];
  for (const folder of near.flatMap((each) => [each, ...foldersIn(each)])) {
    if (!existsSync(join(folder, 'corpus.json'))) continue;
    try {
      if (digestOf(folder) === corpusDigest) return await readCorpus(folder);
    } catch {
      continue; // somebody else's, or newer than we can read: it is only a guess
    }
  }
  return null;
}

function digestOf(corpus: string): string {
  return readJsonFile<{ schema: number; digest: string }>(join(corpus, 'corpus.json'), Infinity).digest;
}

function foldersIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => join(folder, name))
      .sort();
  } catch {
    return []; // not ours to read
  }
}

/** Everything that a page shows of a dataset: samples as their miner draws them, and where candidates were refused. */
export async function reportDataset(
  dir: string,
  { samples = 8, placesPerCode = 4, corpus }: DatasetDrawing,
): Promise<DatasetReport> {
  const dataset = await openDataset(dir);
  const videos = await openVideos(corpus);
  try {
    const { header, summary } = dataset;
    const miner = miners.names.includes(header.signal) ? await miners.load(header.signal) : null;
    const draw = miner?.draw as DrawSample<SampleSpec, unknown> | undefined;
    const strips: FrameStrip[] = [];
    for (const ordinal of draw ? spread(inOrder(dataset), samples) : []) {
      const sample = await dataset.sample(ordinal);
      const video = await videos.of(sample.provenance.source);
      const labels = dataset.label(sample.key);
      const drawn = await draw!(sample, { config: header.config, video, labels });
      const { pictures, curve } = 'pictures' in drawn ? drawn : { pictures: drawn, curve: undefined };
      strips.push({
        title: sample.key,
        pictures: await encodePictures(pictures),
        facts: [...scalarFacts(sample), ...labelFacts(labels)],
        ...(curve ? { curve } : {}),
      });
    }
    return {
      signal: header.signal,
      digest: summary.digest,
      facts: datasetFacts(dataset),
      strips,
      samples: summary.samples,
      rejections: summary.rejections,
      places: await rejectionPlaces(dataset, videos, placesPerCode),
      classes: await yieldByClass(dataset.units(), corpus?.sources ?? []),
    };
  } finally {
    await videos.close();
    await dataset.close();
  }
}

/** Places of samples: by what the stage over the dataset calls them where it does, so that likes stand together, else by key. */
function inOrder(dataset: Dataset): readonly number[] {
  const ordinals = [...dataset.keys.keys()];
  const [first] = dataset.keys;
  if (first === undefined || dataset.label(first)?.['label'] === undefined) return ordinals;
  const labels = dataset.keys.map((key) => Number(dataset.label(key)?.['label'] ?? -1));
  return ordinals.sort((a, b) => labels[a]! - labels[b]! || a - b);
}

function labelFacts(labels: ReturnType<Dataset['label']>): readonly Fact[] {
  return Object.entries(labels ?? {}).map(([label, value]) => ({
    label,
    value: typeof value === 'number' ? Number(value.toPrecision(4)) : value,
  }));
}

/** Plain numbers and words of a sample; arrays and pictures are left out. */
function scalarFacts({ fields }: Sample): readonly Fact[] {
  return Object.entries(fields).flatMap(([label, value]): Fact[] => {
    if (typeof value === 'number') return [{ label, value: Number(value.toPrecision(4)) }];
    return typeof value === 'string' ? [{ label, value }] : [];
  });
}

interface OpenVideos {
  /** Null where the corpus is not there, lacks the source, or its file cannot be opened any more. */
  of(source: string): Promise<DrawingVideo | null>;
  close(): Promise<void>;
}

/** Opens the videos of a corpus as they are needed, one at a time. */
async function openVideos(corpus: Corpus | null): Promise<OpenVideos> {
  const byId = new Map(corpus?.sources.map((source) => [source.id, source]));
  const decoder = corpus ? (await selectDecoder('auto')).decoder : null;
  let open: { readonly id: string; readonly video: DrawingVideo | null } | null = null;
  return {
    async of(id) {
      if (open?.id === id) return open.video;
      await open?.video?.close();
      const source = byId.get(id);
      const video =
        corpus && decoder && source ? await openForDrawing(source, corpus.root, decoder).catch(() => null) : null;
      open = { id, video };
      return video;
    },
    async close() {
      await open?.video?.close();
      open = null;
    },
  };
}

interface Refusal {
  readonly source: string;
  readonly code: string;
  readonly example: RejectionExample;
}

/** Up to `perCode` places of each code, of as many sources as there are, each with what was to be seen there. */
async function rejectionPlaces(
  dataset: Dataset,
  videos: OpenVideos,
  perCode: number,
): Promise<readonly RejectionPlace[]> {
  const found = new Map<string, Refusal[]>();
  for await (const { source, rejections } of dataset.units()) {
    for (const [code, { examples }] of Object.entries(rejections)) {
      const list = found.get(code) ?? [];
      found.set(code, list);
      for (const example of examples) list.push({ source, code, example });
    }
  }
  const chosen = [...found.values()].flatMap((list) => spread(list, perCode));
  const bySource = [...chosen].sort((a, b) => (a.source < b.source ? -1 : a.source > b.source ? 1 : 0));
  const places: RejectionPlace[] = [];
  for (const { source: id, code, example } of bySource) {
    const video = await videos.of(id);
    if (!video) continue;
    const { startPts, endPts } = example.span;
    const { timeBase } = video.source.video;
    const picture = await drawPlace(video, example).catch(() => null); // the file may be damaged there
    places.push({
      code,
      source: video.source.paths[0] ?? id,
      startSeconds: ptsToSeconds(startPts, timeBase),
      endSeconds: ptsToSeconds(endPts, timeBase),
      ...(picture ? { picture } : {}),
    });
  }
  return places;
}

const placeSide = 192;
const placeFrames = 12;
const longestPlaceSeconds = 6;

/** A refused place as a short clip, with its box. */
async function drawPlace(video: DrawingVideo, { span, box }: RejectionExample) {
  const { timeBase, width: displayWidth } = video.source.video;
  const perSecond = timeBase[1] / timeBase[0];
  const endPts = Math.min(span.endPts - 1, span.startPts + longestPlaceSeconds * perSecond);
  const ticksPerPicture = (endPts - span.startPts) / placeFrames;
  const frames: Uint8Array[] = [];
  let size = { width: 0, height: 0 };
  let due = span.startPts;
  for await (const frame of video.framesOf({ startPts: span.startPts, endPts }, placeSide)) {
    if (frame.pts < due) continue;
    while (due <= frame.pts) due += Math.max(1, ticksPerPicture);
    size = { width: frame.width, height: frame.height };
    if (box) outline(frame.data, size, scaled(box, frame.width / displayWidth));
    frames.push(frame.data);
  }
  const seconds = Math.max(0.2, (endPts - span.startPts) / perSecond);
  const [only] = frames;
  if (!only) return null;
  const caption = `${ptsToSeconds(span.startPts, timeBase).toFixed(1)} s`;
  const raw =
    frames.length === 1
      ? { ...size, data: only, caption }
      : { ...size, frames, framesPerSecond: frames.length / seconds, caption };
  const [picture] = await encodePictures([raw], { maxWidth: placeSide });
  return picture ?? null;
}

function scaled({ x, y, width, height }: Box, by: number): Box {
  return { x: x * by, y: y * by, width: width * by, height: height * by };
}

const lineColor = [255, 196, 0] as const;

function outline(rgb: Uint8Array, size: { readonly width: number; readonly height: number }, box: Box): void {
  const [left, top] = [Math.round(box.x), Math.round(box.y)];
  const [right, bottom] = [Math.round(box.x + box.width) - 1, Math.round(box.y + box.height) - 1];
  const paint = (x: number, y: number): void => {
    if (x >= 0 && x < size.width && y >= 0 && y < size.height) rgb.set(lineColor, 3 * (y * size.width + x));
  };
  for (let x = left; x <= right; x++) for (const y of [top, bottom]) paint(x, y);
  for (let y = top; y <= bottom; y++) for (const x of [left, right]) paint(x, y);
}

/** At most `count` items, evenly spread. */
export function spread<T>(items: readonly T[], count: number): readonly T[] {
  if (items.length <= count) return items;
  return Array.from({ length: count }, (_, i) => items[Math.floor(((i + 0.5) * items.length) / count)] as T);
}
