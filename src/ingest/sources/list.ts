import { readFileSync } from 'node:fs';
import { basename, dirname, extname, isAbsolute, resolve } from 'node:path';
import { ConfigError } from '../../core/index.js';
import type { Candidate, ExpandedSources } from './candidate.js';

/** True for a file that lists videos rather than being one. */
export function isListFile(path: string): boolean {
  return ['.txt', '.csv'].includes(extname(path).toLowerCase());
}

/**
 * The videos that a list names: one path a line (`.txt`; blank lines and `#` comments are left out), or the `path` column of a `.csv`
 * (with `licence` and `origin` columns where there are some). Relative paths are relative to the list.
 *
 * @throws ConfigError `bad-list`.
 */
export function expandList(file: string): ExpandedSources {
  const text = readFileSync(file, 'utf8').replace(/^\uFEFF/, '');
  const rows = extname(file).toLowerCase() === '.csv' ? readCsv(file, text) : readText(text);
  const candidates = rows.map(({ path, licence, origin }): Candidate => {
    const absolute = isAbsolute(path) ? path : resolve(dirname(file), path);
    return {
      path: absolute,
      key: isAbsolute(path) ? basename(path) : path,
      licence: licence || null,
      origin: origin || null,
      benchmarks: {},
    };
  });
  return { candidates, ignored: 0, absent: 0, warnings: [] };
}

interface Row {
  readonly path: string;
  readonly licence?: string | undefined;
  readonly origin?: string | undefined;
}

function readText(text: string): readonly Row[] {
  return text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((path) => ({ path }));
}

function readCsv(file: string, text: string): readonly Row[] {
  const [head, ...rows] = parseCsv(text);
  const column = (name: string) => (head ?? []).findIndex((cell) => cell.trim().toLowerCase() === name);
  const [path, licence, origin] = [column('path'), column('licence'), column('origin')];
  if (path < 0) throw new ConfigError(`${file} must have a path column.`, { code: 'bad-list', context: { file } });
  return rows
    .filter((cells) => cells.some((cell) => cell !== ''))
    .map((cells, i) => {
      const value = cells[path];
      if (!value)
        throw new ConfigError(`${file}, record ${i + 1}: no path.`, {
          code: 'bad-list',
          context: { file, record: i + 1 },
        });
      return { path: value, licence: cells[licence], origin: cells[origin] };
    });
}

/** Records of comma-separated text: quoted cells may hold commas, line ends and doubled quotes. */
export function parseCsv(text: string): readonly (readonly string[])[] {
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
    } else if (char === '"' && (quoted || cell === '')) quoted = !quoted;
    else if (!quoted && char === ',') endCell();
    else if (!quoted && (char === '\n' || char === '\r')) {
      if (char === '\r' && text[i + 1] === '\n') i++;
      endRecord();
    } else cell += char;
  }
  if (cell !== '' || record.length > 0) endRecord();
  return records;
}
