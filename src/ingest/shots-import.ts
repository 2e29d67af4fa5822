import { existsSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, extname, join } from 'node:path';
import { MediaError, sha256, type TimeBase } from '../core/index.js';
import type { FoundShots, ShotConfig } from './shots.js';

/** What a list's places are counted in. */
export interface ImportedVideo {
  /** Of every frame, in order. */
  readonly pts: readonly number[];
  readonly timeBase: TimeBase;
  readonly averageRate: number;
}

type Break = { readonly at: number; readonly until: number }; // frame numbers

/**
 * The shots that a cut list names for a video, instead of the detector's; null if there is none. Read are CSV (a column `Start Frame` as
 * PySceneDetect writes it, or `frame`, `start`, `seconds`, `cut`, or seconds without a head line) and CMX 3600 edit decision lists.
 *
 * @throws MediaError `bad-list-line` naming file and line.
 */
export function importCuts(path: string, config: Pick<ShotConfig, 'import'>, video: ImportedVideo): FoundShots | null {
  const file = findList(path, config);
  if (file === null) return null;
  const lines = readFileSync(file, 'utf8').split(/\r?\n/);
  const breaks = extname(file).toLowerCase() === '.edl' ? readEdl(file, lines, video) : readCsv(file, lines, video);
  const ptsOf = (frame: number) => video.pts[frame]!;
  const inside = breaks.filter(({ at }) => at > 0 && at < video.pts.length).sort((a, b) => a.at - b.at);
  const cuts = inside.filter(({ at, until }) => until <= at).map(({ at }) => ptsOf(at));
  const gradual = inside
    .filter(({ at, until }) => until > at)
    .map(({ at, until }) => ({
      kind: 'dissolve' as const,
      startPts: ptsOf(at),
      endPts: ptsOf(Math.min(until, video.pts.length - 1)),
    }));
  return { cuts: [...new Set(cuts)], gradual };
}

/** SHA-256 of a video's cut list; null if it has none: a list that changed asks for the shots anew. */
export function importStamp(path: string, config: Pick<ShotConfig, 'import'>): string | null {
  const file = findList(path, config);
  return file === null ? null : sha256(readFileSync(file, 'utf8'));
}

function findList(path: string, { import: place }: Pick<ShotConfig, 'import'>): string | null {
  if (place === null) return null;
  const folder = place === 'beside' ? dirname(path) : place;
  const name = basename(path, extname(path));
  const names = [`${name}.cuts.csv`, `${name}.cuts.edl`, `${name}-Scenes.csv`, `${name}.edl`];
  if (place !== 'beside') names.push(`${name}.csv`);
  return names.map((it) => join(folder, it)).find((file) => existsSync(file) && statSync(file).isFile()) ?? null;
}

/** Columns that say where a shot begins, the best first, and what they count in. */
const columns = [
  ['start frame', 'frames from 1'],
  ['start time (seconds)', 'seconds'],
  ['frame', 'frames'],
  ['start', 'seconds'],
  ['seconds', 'seconds'],
  ['cut', 'seconds'],
] as const;

function readCsv(file: string, lines: readonly string[], video: ImportedVideo): readonly Break[] {
  const rows = lines.map((line) => line.split(/[,;\t]/).map((cell) => cell.trim().replace(/^"|"$/g, '')));
  const head = rows.findIndex((cells) => columns.some(([name]) => cells.some((cell) => cell.toLowerCase() === name)));
  const names = rows[head]?.map((cell) => cell.toLowerCase()) ?? [];
  const [name, unit] = columns.find(([each]) => names.includes(each)) ?? [null, 'seconds' as const];
  const at = name === null ? 0 : names.indexOf(name);
  return rows.flatMap((cells, i) => {
    if (i <= head || cells.every((cell) => cell === '')) return [];
    const value = cells[at] === undefined || cells[at] === '' ? Number.NaN : Number(cells[at]);
    if (!Number.isFinite(value) || value < 0) throw badLine(file, i + 1, lines[i]!);
    const frame = unit === 'seconds' ? frameAt(value, video) : unit === 'frames' ? value : value - 1;
    return [{ at: Math.round(frame), until: Math.round(frame) }];
  });
}

const timecode = String.raw`\d{2}:\d{2}:\d{2}[:;.]\d{2,3}`;
const event = new RegExp(
  String.raw`^\s*\d+\s+\S+\s+(?<tracks>\S+)\s+(?<kind>C|D|W\S*|K\S*)\s+(?:(?<length>\d+)\s+)?${timecode}\s+${timecode}\s+(?<begins>${timecode})\s+(?<ends>${timecode})`,
);

/** Events begin at their record times, which may count from any hour: the first is the video's beginning. */
function readEdl(file: string, lines: readonly string[], video: ImportedVideo): readonly Break[] {
  const rate = Math.max(1, Math.round(video.averageRate));
  let origin: number | null = null;
  return lines.flatMap((line, i) => {
    if (!/^\s*\d+\s/.test(line)) return []; // titles, comments, frame code mode
    const found = event.exec(line)?.groups;
    if (!found) throw badLine(file, i + 1, line);
    const begins = framesOf(found['begins']!, rate);
    origin ??= begins;
    // Sound alone cuts no picture; an event without length is the first half of the dissolve in the next line.
    if (/^(?:A+\d*|NONE)$/i.test(found['tracks']!) || found['ends'] === found['begins']) return [];
    const at = begins - origin; // codes count frames, whatever these last
    return [{ at, until: at + (found['kind'] === 'C' ? 0 : Number(found['length'] ?? 0)) }];
  });
}

/** Frames from midnight; drop-frame codes (`;`) leave out two numbers each minute but every tenth. */
function framesOf(code: string, rate: number): number {
  const [hours, minutes, seconds, frames] = code.split(/[:;.]/).map(Number) as [number, number, number, number];
  const counted = ((hours * 60 + minutes) * 60 + seconds) * rate + frames;
  if (!code.includes(';')) return counted;
  const whole = hours * 60 + minutes;
  return counted - (rate >= 50 ? 4 : 2) * (whole - Math.floor(whole / 10));
}

/** Number of the first frame that begins at or after a time, half a frame early at most. */
function frameAt(seconds: number, { pts, timeBase: [num, den], averageRate }: ImportedVideo): number {
  const wanted = pts[0]! + ((seconds - 0.5 / Math.max(1, averageRate)) * den) / num;
  const frame = pts.findIndex((time) => time >= wanted);
  return frame < 0 ? pts.length : frame;
}

function badLine(file: string, line: number, text: string): MediaError {
  return new MediaError(
    'bad-list-line',
    `${file}, line ${line}: no cut can be read in ${JSON.stringify(text.slice(0, 80))}.`,
    {
      context: { file, line },
    },
  );
}
