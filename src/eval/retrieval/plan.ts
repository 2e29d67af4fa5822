import type { z } from 'zod';
import type { Encoder } from '../../engine/index.js';
import { splitSources } from '../benchmarks/roles.js';
import type { EvaluateContext, EvaluationPlan } from '../define-evaluator.js';
import { measureKMeans, type kMeansConfig } from '../k-means/index.js';
import { pickLayer } from '../videos/describe.js';
import { measureVideos, saySeconds, spreadByLength, trivialLengths } from '../videos/measure.js';
import type { PictureSettings } from '../videos/pictures.js';
import { nearestRows, unitRows } from './neighbours.js';

/** What a plan depends on. */
export interface RetrievalPlanSettings extends PictureSettings {
  readonly layer: string;
  readonly kMeans: z.infer<typeof kMeansConfig>;
}

/**
 * What a search on a whole official split would cost, from a few of the videos that are here, read and described, and one search. Where the list names
 * more than is here, it is about all that it names, unless the context is partial. Intervals are not counted.
 */
export async function planRetrieval(
  encoder: Encoder,
  config: RetrievalPlanSettings,
  context: EvaluateContext<'encoder'>,
): Promise<EvaluationPlan> {
  const { data, split, seeds } = context;
  const here = splitSources(data, split);
  const listed = context.partial === true ? undefined : data.listed?.[split - 1];
  const [gallery, queries] = [listed?.train ?? here.train.length, listed?.test ?? here.test.length];
  const videos = gallery + queries;
  const all = [...here.train, ...here.test];
  const layer = pickLayer(encoder, config.layer);
  const measured = await measureVideos(encoder, { layer, config, list: spreadByLength(all), context });
  const clustering = await measureKMeans(encoder, { layer, settings: config.kMeans, list: here.train, context });
  const features = encoder.layers[layer]!;
  const trunks = 1 + seeds + (config.kMeans.pictures > 0 ? seeds : 0);
  const lengths = [...Array.from({ length: trunks }, () => features), ...trivialLengths];
  const perLength = new Map([...new Set(lengths)].map((columns) => [columns, searchSeconds(gallery, columns)]));
  const search = queries * lengths.reduce((sum, columns) => sum + perLength.get(columns)!, 0);
  const media = all.reduce((sum, { source }) => sum + source.bytes, 0);
  return {
    unit: 'videos',
    units: videos,
    seconds: clustering + videos * (measured.read + trunks * measured.encode + measured.trivial) + search,
    bytes: {
      media: Math.round((media / all.length) * videos),
      scratch: 0,
      // all as they are, and those of one describer at unit length, in float64
      features: 4 * videos * lengths.reduce((sum, columns) => sum + columns, 0) + 8 * videos * Math.max(...lengths),
    },
    notes: [
      `${gallery} videos in the gallery and ${queries} queries${videos > all.length ? `; ${all.length} of them are here` : ''}`,
      `measured on ${measured.videos} videos: ${saySeconds(measured.read)} to read one, ${saySeconds(measured.encode)} to describe its ${measured.pictures} pictures`,
      ...(config.kMeans.pictures > 0 ? [`${saySeconds(clustering)} to set weights by k-means`] : []),
      `${trunks} networks of ${features} features: trained, untrained${config.kMeans.pictures > 0 ? ' and set by k-means' : ''} for ${seeds} seeds; ${saySeconds(search)} of searching`,
    ],
  };
}

/** Seconds of one search, from one among a part of the rows and columns. */
function searchSeconds(rows: number, columns: number): number {
  const few = { rows: Math.min(rows, 512), columns: Math.min(columns, 512) };
  const vectors = Array.from({ length: few.rows }, (_, row) =>
    Float32Array.from({ length: few.columns }, (__, column) => Math.sin(0.7 * row + 0.3 * column * row + 1)),
  );
  const known = unitRows(vectors);
  const query = known.data.subarray(0, few.columns);
  nearestRows(known, query, 50); // the first time compiles
  const started = performance.now();
  nearestRows(known, query, 50);
  return ((performance.now() - started) / 1000) * (rows / few.rows) * (columns / few.columns);
}
