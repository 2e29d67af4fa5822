import { readFileSync } from 'node:fs';
import { MediaError, ptsToSeconds } from '../../core/index.js';
import { selectDecoder } from '../../ingest/index.js';
import type { EstimatorFrame } from '../../mining/index.js';
import { decodeImage, decodePpm } from '../../vision/index.js';

/** Frames per second taken for pictures in a folder, which have no times. */
const picturesPerSecond = 25;

/** Every frame of a video file, RGB at display size. */
export async function* videoFrames(path: string, decoder: string): AsyncGenerator<EstimatorFrame> {
  const session = await (await selectDecoder(decoder)).decoder.open(path);
  try {
    const { timeBase, startPts } = session.media.video;
    for await (const { data, width, height, pts } of session.frames({ span: null, view: null })) {
      yield { data, width, height, channels: 3, seconds: ptsToSeconds(pts - startPts, timeBase) };
    }
  } finally {
    await session.close();
  }
}

/** The pictures of these files, RGB, one after the other. */
export async function* pictureFrames(paths: readonly string[]): AsyncGenerator<EstimatorFrame> {
  for (const [i, path] of paths.entries()) yield await readPicture(path, i / picturesPerSecond);
}

/** One picture file, RGB. */
export async function readPicture(path: string, seconds = 0): Promise<EstimatorFrame> {
  const isPpm = /\.p[pg]m$/i.test(path); // the picture codec lacks them
  try {
    const bytes = readFileSync(path);
    const { data, width, height, channels } = isPpm ? decodePpm(bytes) : await decodeImage(bytes);
    return { data: channels === 3 ? data : spread(data), width, height, channels: 3, seconds };
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new MediaError('cannot-open', `${path}: ${why}`, { context: { path }, cause });
  }
}

function spread(luma: Uint8Array): Uint8Array {
  const rgb = new Uint8Array(3 * luma.length);
  luma.forEach((value, i) => rgb.fill(value, 3 * i, 3 * i + 3));
  return rgb;
}
