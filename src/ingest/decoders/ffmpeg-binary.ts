import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { cacheFolder, readEnvironment } from '../../core/index.js';

/** An ffmpeg program, and where it is from. */
export interface FfmpegBinary {
  readonly path: string;
  readonly from: 'ffmpeg-static' | 'REELMINE_FFMPEG' | 'PATH' | 'setup';
}

/** The ffmpeg to use: ffmpeg-static's if its download has worked, `REELMINE_FFMPEG`, the one on the PATH, the one that setup fetched; null if none. */
export async function findFfmpeg(): Promise<FfmpegBinary | null> {
  const candidates: readonly (FfmpegBinary | null)[] = [
    at(await staticPath(), 'ffmpeg-static'),
    at(readEnvironment('REELMINE_FFMPEG') ?? null, 'REELMINE_FFMPEG'),
    ...(readEnvironment('PATH') ?? '')
      .split(delimiter)
      .map((folder) => at(folder === '' ? null : join(folder, 'ffmpeg'), 'PATH')),
    at(join(cacheFolder(), 'ffmpeg', 'ffmpeg'), 'setup'),
  ];
  return candidates.find((found) => found !== null) ?? null;
}

function at(path: string | null, from: FfmpegBinary['from']): FfmpegBinary | null {
  if (path === null || !existsSync(path)) return null;
  try {
    accessSync(path, constants.X_OK);
    return { path, from };
  } catch {
    return null;
  }
}

async function staticPath(): Promise<string | null> {
  try {
    const { default: found } = (await import('ffmpeg-static')) as unknown as { readonly default: string | null };
    return found;
  } catch {
    return null;
  }
}
