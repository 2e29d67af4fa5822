import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { dirname } from 'node:path';
import { writeFileWhole } from '../../core/index.js';
import type { DescribedMedia } from './candidate.js';

/** Writes a description, and copies what must lie beside it; a description that is there already and says the same is left alone. */
export function writeDescription({ description, copies }: DescribedMedia, path: string): void {
  for (const { from, to } of copies) {
    if (existsSync(to)) continue;
    mkdirSync(dirname(to), { recursive: true });
    const beside = `${to}.${process.pid}.tmp`;
    copyFileSync(from, beside);
    renameSync(beside, to);
  }
  const text = `${JSON.stringify(description, null, 1)}\n`;
  if (existsSync(path) && readFileSync(path, 'utf8') === text) return;
  writeFileWhole(path, text);
}
