import type { Tensor, Tensor4D } from '@tensorflow/tfjs-core';
import { encodeImage } from '../../vision/image-codec.js';
import { tf } from '../tf.js';
import type { TensorBatch, Trainer } from '../trainer.js';
import type { SummaryValue } from './events.js';

/** Neighbours shown beside each picture. */
const neighbours = 4;
/** Pictures that are searched; more would cost a long pass of a large network. */
const mostSearched = 96;

/** Pictures of one shape, on the JavaScript side. */
interface Pictures {
  readonly count: number;
  readonly height: number;
  readonly width: number;
  /** uint8 [count, height, width, 3]. */
  readonly data: Uint8Array;
}

/**
 * What a batch shows, and for its first pictures those that the encoder finds most alike, each as one picture.
 * Neighbours are sought among the batch's other samples, by cosine similarity of the encoder's first layer.
 *
 * @param shown pictures of each title, and rows of neighbours.
 */
export async function drawPictures(
  trainer: Pick<Trainer, 'pictures' | 'encoder'>,
  batch: TensorBatch,
  shown: number,
): Promise<SummaryValue[]> {
  const values: SummaryValue[] = [];
  const given = tf.tidy(() => trainer.pictures?.(batch) ?? {});
  try {
    for (const [title, tensor] of Object.entries(given)) {
      const pictures = await readPictures(tensor as Tensor4D);
      const first = Array.from({ length: Math.min(shown, pictures.count) }, (_, i) => i);
      values.push({ tag: `inputs/${title}`, image: await layOut(pictures, [first]) });
      if (!trainer.encoder) continue;
      const perSample = Math.max(1, Math.floor(pictures.count / Math.max(1, batch.keys.length)));
      const rows = await findNeighbours(trainer.encoder, tensor as Tensor4D, { shown, perSample });
      if (rows.length > 0) values.push({ tag: `neighbours/${title}`, image: await layOut(pictures, rows) });
    }
  } finally {
    tf.dispose(given);
  }
  return values;
}

/**
 * For the first picture of each of the first samples: itself and its nearest of other samples, as places in the batch.
 * `images` are float32 [pictures, height, width, 3] in 0–255, `perSample` of them in a row of one sample.
 */
export async function findNeighbours(
  encoder: NonNullable<Trainer['encoder']>,
  images: Tensor4D,
  { shown, perSample }: { readonly shown: number; readonly perSample: number },
): Promise<number[][]> {
  const count = Math.min(images.shape[0], mostSearched);
  const similarity = tf.tidy(() => {
    const resized = tf.image.resizeBilinear(tf.slice(images, 0, count), [encoder.height, encoder.width]);
    const features = encoder.encode(resized, Object.keys(encoder.layers)[0]!);
    const flat = tf.reshape(features, [count, -1]);
    const unit = tf.div(flat, tf.add(tf.norm(flat, 2, 1, true), 1e-6));
    return tf.matMul(unit, unit, false, true);
  });
  const values = await similarity.data();
  similarity.dispose();
  const sampleOf = (place: number) => Math.floor(place / perSample);
  const rows: number[][] = [];
  for (let place = 0; place < count && rows.length < shown; place += perSample) {
    const others = Array.from({ length: count }, (_, i) => i)
      .filter((other) => sampleOf(other) !== sampleOf(place))
      .sort((a, b) => values[place * count + b]! - values[place * count + a]! || a - b);
    if (others.length > 0) rows.push([place, ...others.slice(0, neighbours)]);
  }
  return rows;
}

async function readPictures(tensor: Tensor4D): Promise<Pictures> {
  const [count, height, width] = tensor.shape;
  const data = Uint8Array.from(await (tensor as Tensor).data(), (value) =>
    Math.min(255, Math.max(0, Math.round(value))),
  );
  return { count, height, width, data };
}

/** Rows of pictures as one PNG. */
async function layOut(
  { height, width, data }: Pictures,
  rows: readonly (readonly number[])[],
): Promise<{ readonly width: number; readonly height: number; readonly png: Uint8Array }> {
  const across = width * Math.max(...rows.map((row) => row.length));
  const canvas = new Uint8Array(across * height * rows.length * 3);
  rows.forEach((row, down) =>
    row.forEach((place, right) => {
      for (let y = 0; y < height; y++) {
        const from = (place * height + y) * width * 3;
        canvas.set(data.subarray(from, from + width * 3), ((down * height + y) * across + right * width) * 3);
      }
    }),
  );
  const { data: png } = await encodeImage(canvas, across, height * rows.length, 3, { format: 'png' });
  return { width: across, height: height * rows.length, png };
}
