import { secondsToPts, type VideoSource, type View } from '../core/index.js';
import { openSource, sourcePath, type Decoder } from '../ingest/index.js';
import type { DrawVideo } from '../mining/index.js';

/** A video that is open for drawing; its opener closes it. */
export interface DrawingVideo extends DrawVideo {
  close(): Promise<void>;
}

/**
 * Opens a source so that its samples can be drawn over its frames.
 *
 * @throws MediaError if its file is gone or cannot be opened.
 */
export async function openForDrawing(source: VideoSource, corpusRoot: string, decoder: Decoder): Promise<DrawingVideo> {
  const session = await openSource(sourcePath(corpusRoot, source), source, { decoder });
  const { width, height } = source.video;
  const viewOf = (maxSide: number, channels: 1 | 3): View => {
    const scale = Math.min(1, maxSide / Math.max(width, height)); // never enlarged
    const fitted = (size: number) => Math.max(1, Math.round(size * scale));
    return { width: fitted(width), height: fitted(height), fit: 'stretch', fps: null, channels };
  };
  return {
    source,
    framesAt: (pts, maxSide) => session.framesAt(pts, viewOf(maxSide, 3)),
    framesOf: ({ startPts, endPts }, maxSide, channels = 3) =>
      session.frames({ span: { startPts, endPts: endPts + 1 }, view: viewOf(maxSide, channels) }),
    async sound(startSeconds, endSeconds, sampleRateHz) {
      if (!source.audio) return null;
      const at = (seconds: number) => secondsToPts(seconds, source.video.timeBase);
      return (await session.audio({ startPts: at(startSeconds), endPts: at(endSeconds) }, sampleRateHz)).data;
    },
    close: () => session.close(),
  };
}
