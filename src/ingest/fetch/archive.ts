import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** Name of a corpus's own archive. */
export const archiveName = 'archive.txt';

/** Which downloads are done, in the form of yt-dlp's archives: one `<extractor> <id>` a line; plain downloads are `http <name>`. */
export interface Archive {
  readonly file: string;
  entries(): readonly string[];
  has(entry: string): boolean;
  /** Adds a line, once. */
  add(entry: string): void;
}

/** Opens an archive file, or one that appears with its first line. */
export function openArchive(file: string): Archive {
  const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
  const known = new Set(archiveEntries(text));
  let needsBreak = text !== '' && !text.endsWith('\n');
  return {
    file,
    entries: () => [...known],
    has: (entry) => known.has(entry),
    add(entry) {
      if (known.has(entry)) return;
      known.add(entry);
      mkdirSync(dirname(file), { recursive: true });
      appendFileSync(file, `${needsBreak ? '\n' : ''}${entry}\n`);
      needsBreak = false;
    },
  };
}

/** The lines of an archive that name something. */
export function archiveEntries(text: string): readonly string[] {
  return text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '');
}
