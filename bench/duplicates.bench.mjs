// Near-duplicates on copies that ffmpeg makes of real clips: re-encoded, rescaled, trimmed, mirrored, letterboxed, and all at once. Recall by
// kind of copy, precision over all pairs found, and how many pairs were compared of all there are.
//   npm run build && node bench/duplicates.bench.mjs --data ../shared/data [--half report] [--most 60] [--skip 30] [--seed 1]
// `--half dev` takes the other half of the clips: settings were chosen on it. Of the report half, 30 clips, the first by their names' hashes,
// were looked at with `--most 30` before settings were final: they are left out unless `--skip 0`, and so are the four of the suite's test.
// Needs an ffmpeg (`reelmine setup`, or REELMINE_FFMPEG).
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, extname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { createRandom, sha256 } from '../dist/core/index.js';
import {
  duplicatesConfig,
  findFfmpeg,
  ingestConfig,
  probeFile,
  searchDuplicates,
  selectDecoder,
} from '../dist/ingest/index.js';

const { values } = parseArgs({
  options: {
    data: { type: 'string' },
    half: { type: 'string', default: 'report' },
    most: { type: 'string', default: '1000' },
    skip: { type: 'string' },
    seed: { type: 'string', default: '1' },
    keep: { type: 'string' },
    verbose: { type: 'boolean', default: false },
  },
});
const ffmpeg = process.env.REELMINE_FFMPEG ?? (await findFfmpeg())?.path;
if (!values.data || !ffmpeg) throw new Error('Give --data, and an ffmpeg.');
const random = createRandom(Number(values.seed)).fork('copies');
const folder = values.keep ?? mkdtempSync(join(tmpdir(), 'reelmine-copies-'));

const listVideos = (dir) =>
  readdirSync(dir)
    .map((name) => join(dir, name))
    .flatMap((path) =>
      statSync(path).isDirectory()
        ? listVideos(path)
        : ['.avi', '.mp4', '.webm', '.mkv', '.mpg'].includes(extname(path))
          ? [path]
          : [],
    );
const skip = Number(values.skip ?? (values.half === 'report' ? 30 : 0));
const inSuite = /^v_(?:BasketballDunk_g01_c0[47]|Archery_g01_c0[46])\.avi$/;
const originals = ['general', 'kinetics', 'kth', 'ucf11', 'ucf101', 'hmdb51']
  .flatMap((set) => listVideos(join(values.data, set)))
  .filter((path) => (Number.parseInt(sha256(basename(path)).slice(0, 4), 16) % 2 === 0) === (values.half === 'dev'))
  .sort((a, b) => (sha256(basename(a)) < sha256(basename(b)) ? -1 : 1))
  .slice(skip)
  .filter((path) => skip === 0 || !inSuite.test(basename(path)))
  .slice(0, Number(values.most))
  .sort();

/** Filters and places of each kind of copy. */
const kinds = {
  reencoded: () => ({ quality: 30 + random.int(4) }),
  rescaled: () => ({ filter: `scale=trunc(iw*${[0.5, 0.66, 1.5][random.int(3)]}/2)*2:-2` }),
  trimmed: ({ seconds }) => {
    const from = (0.05 + 0.3 * random.float()) * seconds;
    return { from, length: (0.5 + 0.1 * random.float()) * seconds };
  },
  mirrored: () => ({ filter: 'hflip' }),
  letterboxed: () => ({ filter: random.int(2) ? 'pad=iw:ceil(ih*1.33/2)*2:0:-1' : 'pad=ceil(iw*1.3/2)*2:ih:-1:0' }),
  everything: ({ seconds }) => ({
    ...{ from: 0.2 * seconds, length: 0.6 * seconds, quality: 28 },
    filter: 'hflip,scale=trunc(iw*0.7/2)*2:-2,pad=iw:ceil(ih*1.3/2)*2:0:-1',
  }),
};

function makeCopy(path, to, { filter = 'null', quality = 24, from = 0, length }) {
  if (existsSync(to)) return;
  const part = length === undefined ? [] : ['-ss', from.toFixed(3), '-t', length.toFixed(3)];
  const filters = `${filter},scale=trunc(iw/2)*2:trunc(ih/2)*2`;
  execFileSync(
    ffmpeg,
    [
      '-v',
      'error',
      '-y',
      '-i',
      path,
      ...part,
      '-vf',
      filters,
      '-an',
      '-threads',
      '1',
      '-preset',
      'veryfast',
      '-crf',
      String(quality),
      to,
    ],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  );
}

const { decoder } = await selectDecoder('libav');
const config = ingestConfig.parse({});
const all = [];
try {
  for (const [number, path] of originals.entries()) {
    const probed = await probeFile(path, decoder, { config });
    const seconds = probed.video.durationSeconds;
    all.push({ ...probed, number, kind: 'original', name: basename(path) });
    for (const [kind, draw] of Object.entries(kinds)) {
      const to = join(folder, `${number}-${kind}.mp4`);
      makeCopy(path, to, draw({ seconds }));
      all.push({ ...(await probeFile(to, decoder, { config })), number, kind, name: `${basename(path)} ${kind}` });
    }
  }
} finally {
  if (!values.keep) rmSync(folder, { recursive: true });
}
const start = performance.now();
const { pairs, compared } = searchDuplicates(all, duplicatesConfig.parse({}));
const ms = performance.now() - start;
const right = pairs.filter(({ a, b }) => all[a].number === all[b].number);
for (const kind of Object.keys(kinds)) {
  const found = new Set(
    right.flatMap(({ a, b }) =>
      [all[a], all[b]].some((it) => it.kind === 'original')
        ? [all[a], all[b]].filter((it) => it.kind === kind).map((it) => it.number)
        : [],
    ),
  );
  console.log(`${kind.padEnd(12)} recall ${(found.size / originals.length).toFixed(3)} of ${originals.length}`);
  if (values.verbose) originals.forEach((path, i) => !found.has(i) && console.log(`  missed ${basename(path)}`));
}
const wrong = pairs.filter(({ a, b }) => all[a].number !== all[b].number);
if (values.verbose)
  for (const { a, b, distance, overlapSeconds, mirrored } of wrong)
    console.log(
      `  wrong ${all[a].name} | ${all[b].name}: ${distance.toFixed(1)} bits, ${overlapSeconds} s${mirrored ? ', mirrored' : ''}`,
    );
const possible = (all.length * (all.length - 1)) / 2;
const least = Object.keys(kinds).map(
  (kind) =>
    new Set(right.flatMap(({ a, b }) => [all[a], all[b]].filter((it) => it.kind === kind).map((it) => it.number))).size,
);
console.log(
  `precision ${(right.length / Math.max(1, pairs.length)).toFixed(4)} (${wrong.length} of ${pairs.length} pairs wrong); ` +
    `${compared} pairs compared of ${possible} (twice with mirrors), ${ms.toFixed(0)} ms; any original or copy found: ${least.join(', ')}`,
);
