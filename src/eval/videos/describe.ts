import { ConfigError, didYouMean, PipelineError } from '../../core/index.js';
import { tf, type Encoder, type Tensor } from '../../engine/index.js';
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

/**
 * An encoder's layer as a describer.
 *
 * @throws PipelineError `not-finite` where features are no numbers, of which any protocol would make some figure.
 */
export function describeByEncoder(encoder: Encoder, layer: string, name = ''): Describer {
  return {
    name,
    describe(pictures) {
      const features = tf.tidy(() => encoder.encode(toImages(pictures, encoder), layer));
      const data = features.dataSync() as Float32Array;
      features.dispose();
      if (!data.every(Number.isFinite))
        throw new PipelineError(
          'not-finite',
          `Layer ${layer} gives features that are not finite: its weights are unusable.`,
          {
            context: { layer },
          },
        );
      const length = data.length / pictures.length;
      return pictures.map((_, i) => data.slice(i * length, (i + 1) * length));
    },
  };
}

/** Pictures of an encoder's size, uint8 [height, width, 3] each, as it takes them: float32 [pictures, height, width, 3]. */
export function toImages(pictures: readonly Uint8Array[], { width, height }: Encoder): Tensor {
  const pixels = new Float32Array(pictures.length * width * height * 3);
  pictures.forEach((picture, i) => pixels.set(picture, i * width * height * 3));
  return tf.tensor(pixels, [pictures.length, height, width, 3]);
}

/** Colours and gradients as describers, by the names of the rivals that they are. */
export function trivialDescribers({ width, height }: Encoder): Describer[] {
  return ['colour-histogram', 'oriented-gradients'].map((name) => ({
    name,
    describe: (pictures) => pictures.map((picture) => trivialFeatures[name]!(picture, width, height)),
  }));
}

/** What is read of a list of videos. */
export interface VideoListOptions {
  readonly list: readonly LabelledSource[];
  /** Whose picture size is read. */
  readonly encoder: Encoder;
  readonly settings: PictureSettings;
  readonly context: EvaluateContext<'encoder'>;
  /** Of progress. */
  readonly stage?: string;
  /** Videos of earlier lists, and of all, for progress. */
  readonly done: number;
  readonly total: number;
}

/** Decodes each video of a list once, in the list's order: its pictures are uint8 [ticks][crops] of [height, width, 3]. */
export async function* readVideos({
  list,
  encoder,
  settings,
  context: { data, emit, signal },
  stage = 'evaluate',
  done,
  total,
}: VideoListOptions): AsyncGenerator<LabelledSource & { readonly pictures: readonly (readonly Uint8Array[])[] }> {
  for (const [i, { source, entry }] of list.entries()) {
    signal.throwIfAborted();
    const video = await data.open(source, pictureViews(encoder, settings));
    let pictures: readonly (readonly Uint8Array[])[];
    try {
      pictures = await readPictures(video, encoder, settings);
    } finally {
      await video.close();
    }
    emit({ kind: 'progress', stage, done: done + i + 1, total, unit: 'videos' });
    yield { source, entry, pictures };
  }
}

/** Lets all describers look at each video of a list, which is decoded once. */
export async function* describeVideos(
  describers: readonly Describer[],
  options: VideoListOptions,
): AsyncGenerator<DescribedVideo> {
  for await (const { source, entry, pictures } of readVideos(options)) {
    const features = describers.map((describer) => {
      const vectors = describer.describe(pictures.flat());
      return pictures.map((crops, tick) => vectors.slice(tick * crops.length, (tick + 1) * crops.length));
    });
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
