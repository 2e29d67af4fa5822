import { basename, dirname, extname, isAbsolute, join, relative, resolve } from 'node:path';
import { ConfigError, sha256 } from '../../core/index.js';
import type { ClipDescription } from '../decoders/clip.js';
import { downloadName, isAddress } from '../fetch/place.js';
import { descriptionExtension } from '../open-media.js';
import type { Candidate, ExpandedSources, Metadata, SourceFailure } from './candidate.js';
import { ownPlace } from './described.js';
import { fileCandidate } from './files.js';
import { openSiteFolder, type SiteFolder } from './site-folder.js';
import { placeColumns, readTable, type ListRecord } from './table.js';

/** True for a file that lists videos rather than being one. */
export function isListFile(path: string): boolean {
  return ['.txt', '.csv', '.jsonl', '.parquet'].includes(extname(path).toLowerCase());
}

/** Names of the columns that are no metadata; Kinetics and AudioSet have names of their own for times. */
const columns = {
  start: ['start', 'time_start', 'start_seconds'],
  end: ['end', 'time_end', 'end_seconds'],
  licence: ['licence', 'license'],
  origin: ['origin'],
} as const;
const known: ReadonlySet<string> = new Set([...placeColumns, ...Object.values(columns).flat()]);

/**
 * The videos that a list names: files (relative to the list) or addresses, whole or from `start` to `end` seconds. A stretch
 * is a source of its own, as a description below `<corpus>/media/clips`. Other columns become metadata; a line that cannot be
 * used is a failure `bad-list-line`.
 *
 * @throws ConfigError `bad-list` if nothing in the list says where videos are.
 */
export async function expandList(file: string, corpus: string): Promise<ExpandedSources> {
  const { records, badLines } = await readTable(file);
  if (records.length > 0 && !records.some(({ cells }) => placeColumns.some((name) => name in cells)))
    throw new ConfigError(`${file} must have a path column or a url column.`, { code: 'bad-list', context: { file } });
  const candidates: Candidate[] = [];
  const failures: SourceFailure[] = [];
  const fail = (number: number, why: string) =>
    failures.push({
      path: `${resolve(file)}, line ${number}`,
      code: 'bad-list-line',
      message: `${resolve(file)}, line ${number}: ${why}.`,
    });
  for (const { number, why } of badLines) fail(number, why);
  const context = { list: file, corpus, sites: new Map<string, SiteFolder>() };
  for (const record of records) {
    const candidate = candidateOf(record, context);
    if (typeof candidate === 'string') fail(record.number, candidate);
    else candidates.push(candidate);
  }
  return { candidates, ignored: 0, absent: 0, warnings: [], failures };
}

interface ListContext {
  readonly list: string;
  readonly corpus: string;
  /** Folders that were looked into. */
  readonly sites: Map<string, SiteFolder>;
}

type Stretch = Pick<ClipDescription, 'startSeconds' | 'endSeconds'>;

/** The candidate of one record, or why there is none. */
function candidateOf({ cells }: ListRecord, context: ListContext): Candidate | string {
  const place = placeOf(cells);
  if (place === null) return 'it names no path and no url';
  const span = spanOf(cells);
  if (typeof span === 'string') return span;
  const text = (names: readonly string[]) => names.map((name) => cells[name]).find((cell) => cell !== undefined);
  const [licence, origin] = [text(columns.licence), text(columns.origin)];
  const metadata = Object.fromEntries(Object.entries(cells).filter(([name]) => !known.has(name)));
  const isUrl = isAddress(place);
  if (!isUrl && /^[a-z][a-z0-9+.-]*:\/\//i.test(place))
    return `${place} is no address that can be fetched (http, https)`;
  if (place.includes('\0')) return 'its path holds a zero byte';
  const whole = isUrl ? urlCandidate(place, context.corpus) : listedFile(place, context.list, context.sites);
  const about = {
    licence: licence === undefined ? whole.licence : String(licence),
    origin: origin === undefined ? whole.origin : String(origin),
    ...(Object.keys(metadata).length > 0 ? { metadata: { ...whole.metadata, ...metadata } } : {}),
  };
  if (span.startSeconds === 0 && span.endSeconds === null) return { ...whole, ...about };
  return { ...clipCandidate(whole, span, context.corpus), ...about };
}

/** The candidate of an address, which is downloaded into the corpus. */
export function urlCandidate(url: string, corpus: string): Candidate {
  const file = join(corpus, 'media', 'urls', downloadName(url));
  return { path: file, key: url, given: url, licence: null, origin: url, benchmarks: {}, fetch: { url, file } };
}

function listedFile(place: string, list: string, sites: Map<string, SiteFolder>): Candidate {
  const path = isAbsolute(place) ? place : resolve(dirname(list), place);
  const folder = dirname(path);
  const site = sites.get(folder) ?? openSiteFolder(folder);
  sites.set(folder, site);
  return fileCandidate(path, isAbsolute(place) ? basename(place) : place, site);
}

/**
 * A stretch of a candidate's file, described in a file below the corpus. Its name comes from what the list says and not from where
 * the file lies, so that it is the same on every machine; only where another file has the name already, its place decides.
 */
function clipCandidate(whole: Candidate, span: Stretch, corpus: string): Candidate {
  const fragment = `#t=${span.startSeconds},${span.endSeconds ?? ''}`;
  const key = `${whole.key}${fragment}`;
  const folder = join(corpus, 'media', 'clips');
  const inside = relative(corpus, whole.path);
  const isInside = !inside.startsWith('..') && !isAbsolute(inside);
  const file = isInside ? relative(folder, whole.path) : whole.path;
  const description: ClipDescription = { schema: 1, kind: 'clip', file, ...span };
  const candidate: Candidate = {
    ...whole,
    path: join(folder, `${sha256(key).slice(0, 16)}${descriptionExtension}`),
    key,
    given: `${whole.given ?? whole.path}${fragment}`,
    described: { description, copies: [] },
  };
  return ownPlace(candidate);
}

function placeOf(cells: Metadata): string | null {
  const [name] = placeColumns.filter((column) => column in cells);
  if (name === undefined) return null;
  const place = String(cells[name]);
  return name === 'path' || name === 'url' ? place : `https://www.youtube.com/watch?v=${encodeURIComponent(place)}`;
}

/** The stretch of a record, or why it has none that can be used. */
function spanOf(cells: Metadata): Stretch | string {
  const read = (names: readonly string[]): number | null => {
    const cell = names.map((name) => cells[name]).find((value) => value !== undefined);
    return cell === undefined ? null : Number(cell);
  };
  const [start, end] = [read(columns.start) ?? 0, read(columns.end)];
  if (!Number.isFinite(start) || start < 0) return 'its start is no number of seconds from 0 on';
  if (end !== null && (!Number.isFinite(end) || end <= start)) return `its end must be after ${start} s`;
  return { startSeconds: start, endSeconds: end };
}
