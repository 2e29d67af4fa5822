import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodeImage } from '../vision/index.js';
import type { MoverFilm } from './mover-film.js';

/**
 * Writes films as `eval mining --truth davis:DIR` and `davis:DIR` take them: `JPEGImages/480p/<name>/NNNNN.jpg` and
 * `Annotations/480p/<name>/NNNNN.png` (0 and 255); the folders are named 480p whatever the size is.
 */
export async function writeMaskTruth(dir: string, films: Readonly<Record<string, MoverFilm>>): Promise<void> {
  for (const [name, film] of Object.entries(films)) {
    const pictures = join(dir, 'JPEGImages', '480p', name);
    const masks = join(dir, 'Annotations', '480p', name);
    for (const folder of [pictures, masks]) mkdirSync(folder, { recursive: true });
    const { width, height } = film;
    for (let i = 0; i < film.frameCount; i++) {
      const stem = String(i).padStart(5, '0');
      const picture = await encodeImage(film.frame(i), width, height, 3, { quality: 95 });
      const grey = film.mask(i).map((value) => 255 * value);
      const mask = await encodeImage(grey, width, height, 1, { format: 'png' });
      writeFileSync(join(pictures, `${stem}.jpg`), picture.data);
      writeFileSync(join(masks, `${stem}.png`), mask.data);
    }
  }
}
