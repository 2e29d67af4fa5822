import { ConfigError, didYouMean } from '../../core/index.js';
import { tf, type Encoder } from '../../engine/index.js';
import type { LabelledSource } from '../benchmarks/roles.js';
import type { EvaluateContext } from '../define-evaluator.js';
import { pictureViews, readPictures, type PictureSettings } from './pictures.js';
import { trivialFeatures } from './trivial-features.js';

/** Turns pictures into features: a network, or a rule that knows nothing but the pixels. */
export interface Describer {
  /** Of a rival; a network under evaluation has none. */
  readonly name: string;
  /** uint8 [height, width, 3] each → a vector each. */
  describe(pictures: readonly Uint8Array[]): Float32Array[];
}

/** What one describer sees in one video: [ticks][crops] vectors. */
export type Described = readonly (readonly Float32Array[])[];

/** A video of a list and what each describer sees in it. */
export interface DescribedVideo extends LabelledSource {
  readonly features: readonly Described[];
}

/** An encoder's layer as a describer. */
export function describeByEncoder(encoder: Encoder, layer: string, name = ''): Describer {
  const { width, height } = encoder;
  return {
    name,
    describe(pictures) {
      const pixels = new Float32Array(pictures.length * width * height * 3);
      pictures.forEach((picture, i) => pixels.set(picture, i * width * height * 3));
      const features = tf.tidy(() => encoder.encode(tf.tensor(pixels, [pictures.length, height, width, 3]), layer));
      const data = features.dataSync() as Float32Array;
      features.dispose();
      const length = data.length / pictures.length;
      return pictures.map((_, i) => data.slice(i * length, (i + 1) * length));
    },
  };
}

/** Colours and gradients as describers, by the names of the rivals that they are. */
export function trivialDescribers({ width, height }: Encoder): Describer[] {
  return ['colour-histogram', 'oriented-gradients'].map((name) => ({
    name,
    describe: (pictures) => pictures.map((picture) => trivialFeatures[name]!(picture, width, height)),
  }));
}

/** Decodes each video of a list once and lets all describers look at it, in the list's order. */
export async function* describeVideos(
  describers: readonly Describer[],
  {
    list,
    encoder,
    settings,
    context: { data, emit, signal },
    done,
    total,
  }: {
    readonly list: readonly LabelledSource[];
    /** Whose picture size is read. */
    readonly encoder: Encoder;
    readonly settings: PictureSettings;
    readonly context: EvaluateContext<'encoder'>;
    /** Videos of earlier lists, and of all, for progress. */
    readonly done: number;
    readonly total: number;
  },
): AsyncGenerator<DescribedVideo> {
  for (const [i, { source, entry }] of list.entries()) {
    signal.throwIfAborted();
    const video = await data.open(source, pictureViews(encoder, settings));
    let features: Described[];
    try {
      const pictures = await readPictures(video, encoder, settings);
      features = describers.map((describer) => {
        const vectors = describer.describe(pictures.flat());
        return pictures.map((crops, tick) => vectors.slice(tick * crops.length, (tick + 1) * crops.length));
      });
    } finally {
      await video.close();
    }
    emit({ kind: 'progress', stage: 'evaluate', done: done + i + 1, total, unit: 'videos' });
    yield { source, entry, features };
  }
}

/** Mean of vectors of one length. */
export function meanVector(vectors: readonly Float32Array[]): Float32Array {
  const mean = new Float32Array(vectors[0]?.length ?? 0);
  for (const vector of vectors) for (let i = 0; i < mean.length; i++) mean[i]! += vector[i]! / vectors.length;
  return mean;
}

/**
 * The layer that is asked for; where none is, the preferred one if the encoder has it, else its first.
 *
 * @throws ConfigError naming the nearest layer.
 */
export function pickLayer({ layers }: Encoder, asked: string, preferred = ''): string {
  const names = Object.keys(layers);
  const layer = asked !== '' ? asked : names.includes(preferred) ? preferred : names[0];
  if (layer !== undefined && names.includes(layer)) return layer;
  throw new ConfigError(
    `The encoder has no layer ${JSON.stringify(asked)}${didYouMean(asked, names)}. Known: ${names.join(', ')}.`,
    { context: { layer: asked, known: names } },
  );
}

/** An encoder with untrained weights for each seed; the caller disposes them. */
export async function openUntrained({
  untrained,
  seeds,
}: EvaluateContext<'encoder'>): Promise<(Encoder & { dispose(): void })[]> {
  if (seeds < 1) throw new ConfigError(`seeds must be at least 1, got ${seeds}.`);
  const models: (Encoder & { dispose(): void })[] = [];
  for (let seed = 0; seed < seeds; seed++) models.push(await untrained(seed));
  return models;
}
