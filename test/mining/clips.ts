import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { VideoSource } from '../../src/core/index.js';
import { encodeVideo, ingestConfig, probeFile, selectDecoder, type Corpus } from '../../src/ingest/index.js';
import { movingReel } from './fakes.js';

/** A corpus of real MP4 files in a folder of its own. */
export interface ClipCorpus extends Corpus {
  readonly remove: () => void;
}

/** Frames of each clip, in two shots of half as many. */
export const clipFrames = 60;

/** Makes `count` clips, named `clip-0.mp4`, …, each with a cut in the middle. */
export async function makeClipCorpus(count: number): Promise<ClipCorpus> {
  const root = mkdtempSync(join(tmpdir(), 'reelmine-mining-'));
  const { decoder } = await selectDecoder('libav');
  const sources: VideoSource[] = [];
  for (let n = 0; n < count; n++) {
    const path = `clip-${n}.mp4`;
    const reel = movingReel(path, { frames: clipFrames, width: 64, height: 48, at: (i) => 1.5 * i + 100 * n });
    const { width, height, fps, frames, frame } = reel;
    const pictures = Array.from({ length: frames }, (_, i) => frame(i));
    await encodeVideo(join(root, path), { frames: pictures, width, height, fps });
    const probed = await probeFile(join(root, path), decoder, { config: ingestConfig.parse({}) });
    const { startPts, endPts } = probed.video;
    const middle = startPts + (endPts - startPts) / 2;
    const shots = [
      { index: 0, startPts, endPts: middle, crop: null },
      { index: 1, startPts: middle, endPts, crop: null },
    ];
    sources.push({ ...probed, shots, paths: [path], licence: null, origin: null, benchmarks: {} });
  }
  sources.sort((a, b) => (a.id < b.id ? -1 : 1));
  const remove = (): void => rmSync(root, { recursive: true, force: true });
  return { benchmarks: {}, root, digest: 'test', config: {}, sources, failures: [], remove };
}
