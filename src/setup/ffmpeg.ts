import { chmodSync, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { BackendError, cacheFolder, ffmpegParts } from '../core/index.js';
import { findProgram, runTool, type PipTool } from './tools.js';
import { fetchPackage, take } from './wheel.js';

/** An ffmpeg program and where it comes from. */
export interface FoundFfmpeg {
  readonly path: string;
  readonly from: 'ffmpeg-static' | 'PATH' | 'setup';
}

const wheel = 'imageio-ffmpeg';

/** The ffmpeg that is there: npm's static build, else the PATH's, else the one that setup fetched; null if none. */
export function findFfmpeg(): FoundFfmpeg | null {
  const packed = staticFfmpeg();
  if (packed !== null) return { path: packed, from: 'ffmpeg-static' };
  const system = findProgram('ffmpeg');
  if (system !== null) return { path: system, from: 'PATH' };
  const fetched = ffmpegParts();
  return fetched && { path: fetched.path, from: 'setup' };
}

/**
 * Fetches the static build that the PyPI package `imageio-ffmpeg` carries, and tries it.
 *
 * @returns the first line of `ffmpeg -version`.
 */
export async function installFfmpeg({
  pip,
  signal,
  note,
}: {
  readonly pip: PipTool;
  readonly signal: AbortSignal;
  readonly note: (text: string) => void;
}): Promise<string> {
  const target = join(cacheFolder(), 'ffmpeg');
  const beside = `${target}.${process.pid}.tmp`;
  rmSync(beside, { recursive: true, force: true });
  mkdirSync(beside, { recursive: true });
  try {
    note('fetching ffmpeg');
    const from = await fetchPackage(wheel, { folder: join(beside, 'wheel'), pip, signal, note });
    const [name] = await take(
      from,
      beside,
      (file) => /^imageio_ffmpeg\/binaries\/ffmpeg[^/]*-[^/]*$/.test(file),
      signal,
    );
    if (name === undefined) throw new BackendError(`${wheel} carries no ffmpeg for this machine.`);
    const program = join(beside, 'ffmpeg');
    renameSync(join(beside, name), program);
    for (const rest of ['wheel', 'imageio_ffmpeg']) rmSync(join(beside, rest), { recursive: true, force: true });
    chmodSync(program, 0o755);
    const version = await runTool('Trying ffmpeg', program, ['-version'], { signal });
    rmSync(target, { recursive: true, force: true });
    renameSync(beside, target);
    return version.split('\n')[0] as string;
  } finally {
    rmSync(beside, { recursive: true, force: true });
  }
}

function staticFfmpeg(): string | null {
  try {
    const program = join(dirname(createRequire(import.meta.url).resolve('ffmpeg-static/package.json')), 'ffmpeg');
    return existsSync(program) ? program : null;
  } catch {
    return null;
  }
}
