import { existsSync, readdirSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { ConfigError, type BenchmarkEntry } from '../../core/index.js';
import { listSeries } from '../decoders/picture-series.js';
import type { Candidate, ExpandedSources } from './candidate.js';
import { assertFolder, pictureCandidate, seriesBelow } from './frames.js';

/** KITTI's cameras turn ten times a second. */
const rate = [10, 1] as const;
/** The right colour camera, on which PredNet is trained. */
const camera = 'image_03';
const recordingName = /^(\d{4}_\d{2}_\d{2})_drive_(\d{4})_(?:sync|extract)$/;
/** All of 2011_09_26: one recording of each category tests; one is held back to validate. */
const testDrives: ReadonlySet<string> = new Set(['0104', '0079', '0070']);
const validationDrives: ReadonlySet<string> = new Set(['0005']);
const splitDate = '2011_09_26';

/**
 * `kitti:DIR`, the official layout of KITTI's raw recordings, at any depth: `<date>_drive_<number>_sync/image_03/data/*.png` at 10
 * frames per second, of the other cameras none. Split 1 is PredNet's: recordings 0104, 0079 and 0070 of 2011_09_26 test, 0005 is in
 * neither role (it validates), the rest trains.
 *
 * Source: Lotter, Kreiman and Cox, ICLR 2017, section 3.2, and its published preparation.
 *
 * @throws ConfigError `source-missing` if DIR holds no such recording.
 */
export function expandKitti(dir: string): ExpandedSources {
  const root = resolve(dir);
  assertFolder(root, `kitti:${dir}`);
  const recordings = recordingsBelow(root);
  if (recordings.length === 0)
    throw new ConfigError(
      `${root} holds no recording of KITTI: folders such as ${splitDate}_drive_0005_sync/${camera}/data. Other pictures: frames:DIR@10.`,
      { code: 'source-missing', context: { source: `kitti:${dir}` } },
    );
  const candidates = recordings.map((folder): Candidate => {
    const name = basename(folder);
    const entry = entryOf(name);
    const pictures = join(folder, camera, 'data');
    return { ...pictureCandidate(pictures, entry.key, rate), origin: 'KITTI', benchmarks: { kitti: [entry] } };
  });
  const used = candidates.reduce((sum, { path }) => sum + (listSeries(path)?.pictures.length ?? 0), 0);
  const { series, ignored } = seriesBelow(root);
  return {
    candidates,
    ignored: ignored + series.reduce((sum, { pictures }) => sum + pictures, 0) - used,
    absent: 0,
    benchmarks: { kitti: { classNames: ['driving'], listed: candidates.length } },
    warnings: [],
  };
}

function entryOf(recording: string): BenchmarkEntry {
  const [, date, drive] = recordingName.exec(recording)!;
  const group = `${date}_drive_${drive}`;
  const isListed = date === splitDate;
  const role =
    isListed && testDrives.has(drive!) ? 'test' : isListed && validationDrives.has(drive!) ? 'unused' : 'train';
  return { key: `driving/${recording}`, label: 0, className: 'driving', group, roles: [role] };
}

/** Folders named as recordings that have pictures of our camera. */
function recordingsBelow(root: string): readonly string[] {
  const found: string[] = [];
  const walk = (folder: string): void => {
    if (recordingName.test(basename(folder))) {
      const pictures = join(folder, camera, 'data');
      if (existsSync(pictures) && listSeries(pictures)) found.push(folder);
      return;
    }
    for (const entry of readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))) {
      if (entry.isDirectory() && !entry.name.startsWith('.')) walk(join(folder, entry.name));
    }
  };
  walk(recordingName.test(basename(dirname(root))) ? dirname(root) : root);
  return found;
}
