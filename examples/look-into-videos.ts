// Mines temporal order from videos and says what was found and what was refused:
//   node examples/look-into-videos.ts OUT SOURCE...      (SOURCE: a file, a folder, synthetic:1, ucf101:DIR, …)
// (Node 22.18 and newer run TypeScript as it is.)
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { lastValueFrom, tap } from 'rxjs';
import { ingest, mine, openDataset, ptsToSeconds } from 'reelmine';

/** What one sample is, and when its frames were shown. */
export interface Found {
  readonly key: string;
  readonly seconds: readonly number[];
}

/** Ingests the sources and mines them; running it again goes on where it stopped. */
export async function lookIntoVideos(
  out: string,
  sources: readonly string[],
  say: (text: string) => void,
): Promise<Found[]> {
  const corpus = join(out, 'corpus');
  const data = join(out, 'mined');
  const progress = tap((event: { readonly kind: string; readonly stage?: string; readonly done?: number }) => {
    if (event.kind === 'progress') say(`${event.stage ?? ''} ${event.done ?? 0}`);
  });
  await lastValueFrom(ingest({ corpus, sources: [...sources] }).pipe(progress));
  await lastValueFrom(mine({ corpus, signals: ['temporal-order'], out: data }).pipe(progress));

  const dataset = await openDataset(data);
  try {
    const found: Found[] = [];
    for await (const { key, provenance } of dataset.samples()) {
      found.push({ key, seconds: provenance.pts.map((pts) => ptsToSeconds(pts, provenance.timeBase)) });
    }
    for (const [code, count] of Object.entries(dataset.summary.rejections)) say(`refused: ${count} ${code}`);
    return found;
  } finally {
    await dataset.close();
  }
}

const [program, out, ...sources] = process.argv.slice(1);
if (program === fileURLToPath(import.meta.url) && out !== undefined && sources.length > 0) {
  for (const { key, seconds } of await lookIntoVideos(out, sources, console.error)) {
    console.log(key, seconds.map((time) => time.toFixed(2)).join(' '));
  }
}
