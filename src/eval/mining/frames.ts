import { ptsToSeconds } from '../../core/index.js';
import { selectDecoder } from '../../ingest/index.js';
import type { EstimatorFrame } from '../../mining/index.js';

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
export async function* pictureFrames(paths: readonly string[], decoder: string): AsyncGenerator<EstimatorFrame> {
  for (const [i, path] of paths.entries()) yield await readPicture(path, decoder, i / picturesPerSecond);
}

/** One picture file, RGB. */
export async function readPicture(path: string, decoder: string, seconds = 0): Promise<EstimatorFrame> {
  for await (const frame of videoFrames(path, decoder)) return { ...frame, seconds };
  throw new Error(`${path} holds no picture.`);
}
