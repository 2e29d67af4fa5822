import { ConfigError, MediaError, type VideoSource } from '../core/index.js';
import { readCorpus, selectDecoder, type Decoder } from '../ingest/index.js';
import { encodePictures, type ReportPicture } from '../report/index.js';
import { openForDrawing } from './draw-video.js';

/** Pictures and names of the sources of some corpora. */
export interface Thumbnails {
  /** A picture from the middle of a source, once it is asked for; null where no corpus has it or its file cannot be read. */
  of(source: string): Promise<ReportPicture | null>;
  /** The class of a source, where a benchmark names one. */
  nameOf(source: string): string | undefined;
}

const thumbnailSide = 120;

/** Thumbnails from corpora; folders that hold none that can be read are passed over, since they are only guesses. */
export async function openThumbnails(corpora: readonly string[]): Promise<Thumbnails> {
  const found = new Map<string, { readonly source: VideoSource; readonly root: string }>();
  for (const dir of new Set(corpora)) {
    try {
      const { sources, root } = await readCorpus(dir);
      for (const source of sources) if (!found.has(source.id)) found.set(source.id, { source, root });
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
    }
  }
  const decoder = found.size === 0 ? null : (await selectDecoder('auto')).decoder;
  const made = new Map<string, ReportPicture | null>();
  return {
    async of(id) {
      const known = made.get(id);
      if (known !== undefined) return known;
      const entry = found.get(id);
      const picture = entry && decoder ? await middlePicture(entry.source, entry.root, decoder) : null;
      made.set(id, picture);
      return picture;
    },
    nameOf: (id) => Object.values(found.get(id)?.source.benchmarks ?? {}).flat()[0]?.className,
  };
}

async function middlePicture(source: VideoSource, root: string, decoder: Decoder): Promise<ReportPicture | null> {
  try {
    const video = await openForDrawing(source, root, decoder);
    try {
      const { startPts, endPts } = source.video;
      const [frame] = await video.framesAt([Math.floor((startPts + endPts) / 2)], thumbnailSide);
      if (!frame) return null;
      const [picture] = await encodePictures([{ ...frame, caption: '', alt: source.paths[0] ?? source.id }], {
        quality: 70,
        maxWidth: thumbnailSide,
      });
      return picture ?? null;
    } finally {
      await video.close();
    }
  } catch (error) {
    if (error instanceof MediaError) return null; // gone or damaged since it was ingested
    throw error;
  }
}
