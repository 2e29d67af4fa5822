import { readFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { extname } from 'node:path';
import { ConfigError, MediaError } from '../../core/index.js';
import type { Metadata } from './candidate.js';

/** One record of a list: its place in the file, counted from 1, and its cells by column; empty ones are left out. */
export interface ListRecord {
  readonly number: number;
  readonly cells: Metadata;
}

/** The records of a list, and lines that are none. */
export interface ListTable {
  readonly records: readonly ListRecord[];
  readonly badLines: readonly { readonly number: number; readonly why: string }[];
}

/**
 * Reads a list file: `.txt` (one place a line; `#` begins a comment), `.csv` (the first record names the columns; `#` before it is
 * passed over), `.jsonl` (one map a line), `.parquet`. Columns are in lower case.
 *
 * @throws ConfigError `bad-list` if it cannot be read at all.
 */
export async function readTable(file: string): Promise<ListTable> {
  const extension = extname(file).toLowerCase();
  if (extension === '.parquet') return readParquet(file);
  const text = readFileSync(file, 'utf8').replace(/^\uFEFF/, '');
  if (extension === '.csv') return fromCsv(text);
  return extension === '.txt' ? fromText(text) : fromJsonLines(text);
}

function fromText(text: string): ListTable {
  const records = text.split(/\r?\n/).flatMap((line, i) => {
    const place = line.trim();
    if (place === '' || place.startsWith('#')) return [];
    return [{ number: i + 1, cells: { [/^https?:\/\//i.test(place) ? 'url' : 'path']: place } }];
  });
  return { records, badLines: [] };
}

function fromCsv(text: string): ListTable {
  const { records: all, isOpen } = parseCsv(text);
  // AudioSet's lists begin with remarks, of which the last names the columns.
  const isRemark = (cells: readonly string[]) => cells[0]?.trimStart().startsWith('#') === true;
  const firstRow = all.findIndex((cells) => !isRemark(cells) && cells.some((cell) => cell !== ''));
  const remark =
    firstRow > 0 && namesPlace(all[firstRow - 1]!) && !namesPlace(all[firstRow]!) ? all[firstRow - 1] : null;
  const names = (remark ?? all[firstRow] ?? []).map(columnName);
  const rows = all.map((cells, i) => ({ cells, number: i + 1 })).slice(remark ? firstRow : firstRow + 1);
  const records = rows
    .filter(({ cells }) => cells.some((cell) => cell.trim() !== ''))
    .map(({ cells, number }) => ({
      number,
      cells: Object.fromEntries(
        names.flatMap((name, i) => {
          const cell = (cells[i] ?? '').trim();
          return name === '' || cell === '' ? [] : [[name, cell] as const];
        }),
      ),
    }));
  const last = records.at(-1);
  if (!isOpen || !last) return { records, badLines: [] };
  // What such a quote has swallowed may be all the lines below.
  const badLines = [{ number: last.number, why: 'a quotation mark in it is not closed; lines after it are not read' }];
  return { records: records.slice(0, -1), badLines };
}

function columnName(cell: string): string {
  return cell.trim().replace(/^#\s*/, '').toLowerCase();
}

/** Columns that say where a video is; Kinetics and AudioSet name YouTube's ids. */
export const placeColumns = ['path', 'url', 'youtube_id', 'ytid'] as const;

function namesPlace(cells: readonly string[]): boolean {
  return cells.map(columnName).some((name) => (placeColumns as readonly string[]).includes(name));
}

function fromJsonLines(text: string): ListTable {
  const records: ListRecord[] = [];
  const badLines: { number: number; why: string }[] = [];
  for (const [i, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === '') continue;
    try {
      const value = JSON.parse(line) as unknown;
      if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new TypeError('it is no map');
      records.push({ number: i + 1, cells: plainCells(value as Readonly<Record<string, unknown>>) });
    } catch (error) {
      badLines.push({ number: i + 1, why: (error as Error).message });
    }
  }
  return { records, badLines };
}

async function readParquet(file: string): Promise<ListTable> {
  const { parquetReadObjects } = await import('hyparquet');
  const handle = await open(file, 'r');
  try {
    const { size } = await handle.stat();
    const buffer = {
      byteLength: size,
      async slice(start: number, end = size): Promise<ArrayBuffer> {
        const bytes = new Uint8Array(end - start);
        await handle.read(bytes, 0, bytes.length, start);
        return bytes.buffer;
      },
    };
    const rows = await parquetReadObjects({ file: buffer });
    return { records: rows.map((row, i) => ({ number: i + 1, cells: plainCells(row) })), badLines: [] };
  } catch (cause) {
    const why = cause instanceof MediaError ? cause.message : (cause as Error).message;
    throw new ConfigError(`${file} cannot be read as Parquet: ${why}`, {
      code: 'bad-list',
      context: { file },
      cause,
    });
  } finally {
    await handle.close();
  }
}

/** Strings, numbers and booleans as they are, whole 64-bit numbers as numbers, the rest as JSON; empty ones are left out. */
function plainCells(row: Readonly<Record<string, unknown>>): Metadata {
  return Object.fromEntries(
    Object.entries(row).flatMap(([name, value]) => {
      if (value === null || value === undefined || value === '') return [];
      return [[name.trim().toLowerCase(), plainCell(value)] as const];
    }),
  );
}

function plainCell(value: unknown): string | number | boolean {
  if (typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  return value instanceof Date
    ? value.toISOString()
    : JSON.stringify(value, (_key, item: unknown) => (typeof item === 'bigint' ? Number(item) : item));
}

/** Records of comma-separated text: quoted cells may hold commas, line ends and doubled quotes. `isOpen`: the last one lacks its quote. */
export function parseCsv(text: string): { readonly records: readonly (readonly string[])[]; readonly isOpen: boolean } {
  const records: string[][] = [];
  let record: string[] = [];
  let cell = '';
  let quoted = false;
  const endCell = () => {
    record.push(cell);
    cell = '';
  };
  const endRecord = () => {
    endCell();
    records.push(record);
    record = [];
  };
  for (let i = 0; i < text.length; i++) {
    const char = text[i]!;
    if (quoted && char === '"' && text[i + 1] === '"') {
      cell += '"';
      i++;
    } else if (char === '"' && (quoted || cell.trim() === '')) {
      if (!quoted) cell = '';
      quoted = !quoted;
    } else if (!quoted && char === ',') endCell();
    else if (!quoted && (char === '\n' || char === '\r')) {
      if (char === '\r' && text[i + 1] === '\n') i++;
      endRecord();
    } else cell += char;
  }
  if (cell !== '' || record.length > 0) endRecord();
  return { records, isOpen: quoted };
}
