import { existsSync } from 'node:fs';
import { basename, extname, isAbsolute, join } from 'node:path';
import { MediaError, readJsonFile, type View } from '../core/index.js';
import { selectDecoder } from '../ingest/index.js';
import { encodePictures, type Fact, type PredictionsReport, type ReportPicture } from '../report/index.js';
import { listVideos, readVideo, type Video } from './encode.js';
import { spread } from './inspect-dataset.js';
import { foldersIn } from './report-result.js';

const index = 'predictions.json';
const shownVideos = 6;
const clipSide = 420;
const mostFrames = 250;

interface PredictionsFile {
  readonly schema: number;
  readonly task?: string;
  readonly run?: string | null;
  readonly observe?: number;
  readonly steps?: number;
  readonly samples?: number;
  readonly videos: readonly {
    readonly path: string;
    readonly outputs: readonly string[];
    readonly psnr?: readonly (number | null)[];
  }[];
}

/** True for a folder that `predict` wrote. */
export function holdsPredictions(dir: string): boolean {
  return existsSync(join(dir, index));
}

/** The folder itself and those in it that `predict` wrote. */
export function predictionFolders(dir: string): readonly string[] {
  return [dir, ...foldersIn(dir)].filter(holdsPredictions);
}

/** What `predict` drew into a folder, as clips that a page plays; films that are gone or cannot be read are left out. */
export async function readPredictions(dir: string): Promise<PredictionsReport> {
  const about = readJsonFile<PredictionsFile>(join(dir, index), 1);
  const { decoder } = await selectDecoder('auto');
  const videos: PredictionsReport['videos'][number][] = [];
  for (const { path, outputs, psnr = [] } of spread(about.videos, shownVideos)) {
    const title = basename(path);
    for (const output of outputs.filter((each) => extname(each) === '.mp4')) {
      // the folder may have been moved since, or named from elsewhere
      const file = [join(dir, basename(output)), ...(isAbsolute(output) ? [output] : [])].find((each) =>
        existsSync(each),
      );
      const [video] = file === undefined ? [] : await listVideos(file, decoder);
      const picture = video ? await playVideo(video, title) : null;
      if (picture) videos.push({ title, picture, facts: psnrFacts(psnr) });
    }
  }
  const facts = (['task', 'observe', 'steps', 'samples'] as const).flatMap((label): Fact[] => {
    const value = about[label];
    return value === undefined ? [] : [{ label, value }];
  });
  return {
    name: typeof about.run === 'string' ? `${basename(about.run)}: ${basename(dir)}` : basename(dir),
    facts,
    videos,
    total: Math.max(about.videos.length, videos.length),
  };
}

async function playVideo(video: Video, title: string): Promise<ReportPicture | null> {
  try {
    return await readVideo(video, async (session) => {
      const { width, height, averageRate } = session.media.video;
      const scale = Math.min(1, clipSide / Math.max(width, height));
      const side = (size: number) => Math.max(2, Math.round(size * scale));
      const view: View = { width: side(width), height: side(height), fit: 'stretch', fps: null, channels: 3 };
      const pictures: Uint8Array[] = [];
      for await (const frame of session.frames({ span: null, view })) {
        pictures.push(frame.data);
        if (pictures.length === mostFrames) break;
      }
      const framesPerSecond = averageRate > 0 ? averageRate : 10;
      const { width: w, height: h } = view;
      const clip = { frames: pictures, framesPerSecond, width: w, height: h, caption: '', alt: title };
      const [picture] = await encodePictures([clip], { maxClipWidth: clipSide });
      return picture ?? null;
    });
  } catch (error) {
    if (error instanceof MediaError) return null;
    throw error;
  }
}

function psnrFacts(psnr: readonly (number | null)[]): readonly Fact[] {
  const values = psnr.map((value) => (value === null ? 'exact' : value.toFixed(2))).join(', ');
  return psnr.length === 0 ? [] : [{ label: psnr.length > 1 ? 'PSNR of each future, dB' : 'PSNR, dB', value: values }];
}
