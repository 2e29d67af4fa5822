// The whole of `reelmine mine patch-triplets` and a Python script that does the same work (bench/peers/triplets.py: PyAV, OpenCV, py-lmdb),
// in turn on the same videos and the same two cores, two workers each: pairs a minute, and videos a minute since the two find
// not quite the same pairs. Ours starts from a corpus (ingest is not counted); both include the start of their processes.
//   npm run build && node bench/triplets.bench.mjs --videos DIR [--python peers/bin/python] [--rounds 3] [--every 1] [--cpus 0,1]
// Limit: decoding and scaling every frame to 597×448, of which both do the same.
// On 12 UCF101 clips (--every 9): 305 pairs a minute against 97.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    videos: { type: 'string' },
    python: { type: 'string', default: process.env.REELMINE_PEERS_PYTHON },
    rounds: { type: 'string', default: '3' },
    every: { type: 'string', default: '1' },
    cpus: { type: 'string', default: '0,1' },
  },
});
if (!values.videos) throw new Error('Give --videos, a folder of videos.');
if (!values.python) throw new Error('Give --python, from an environment with bench/peers/requirements.txt.');
const file = (path) => fileURLToPath(new URL(path, import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'reelmine-bench-'));
const run = (program, args) =>
  execFileSync('taskset', ['-c', values.cpus, program, ...args], {
    stdio: ['ignore', 'pipe', 'ignore'],
    maxBuffer: 1e8,
  });
const reelmine = (...args) =>
  JSON.parse(run(process.execPath, [file('../dist/cli/main.js'), ...args, '--json', '--workers', '2']));

const videos = readdirSync(values.videos, { recursive: true })
  .filter((path) => /\.(avi|mp4|mkv|webm)$/.test(path))
  .sort()
  .filter((_, i) => i % Number(values.every) === 0)
  .map((path) => resolve(values.videos, path));

function runOurs() {
  const out = join(folder, 'dataset');
  rmSync(out, { recursive: true, force: true });
  const start = performance.now();
  const { counts, framesDecoded } = reelmine('mine', 'patch-triplets', '--corpus', corpus, '--out', out);
  const seconds = (performance.now() - start) / 1000;
  return { seconds, pairs: counts.samples, frames: framesDecoded, videos: counts.done };
}

function runPeer() {
  const out = join(folder, 'peer.mdb');
  for (const name of [out, `${out}-lock`]) rmSync(name, { force: true });
  const start = performance.now();
  const { pairs, frames } = JSON.parse(run(values.python, [file('peers/triplets.py'), out, '2', ...videos]));
  return { seconds: (performance.now() - start) / 1000, pairs, frames, videos: videos.length };
}

const median = (list) => [...list].sort((a, b) => a - b)[list.length >> 1];
const corpus = join(folder, 'corpus');
try {
  mkdirSync(join(folder, 'videos'));
  videos.forEach((path, i) =>
    symlinkSync(path, join(folder, 'videos', `${String(i).padStart(5, '0')}${path.slice(-4)}`)),
  );
  reelmine('ingest', join(folder, 'videos'), '--corpus', corpus);
  const runs = { ours: [], peer: [] };
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const who of round % 2 === 0 ? ['ours', 'peer'] : ['peer', 'ours']) {
      runs[who].push(who === 'ours' ? runOurs() : runPeer());
    }
  }
  for (const [who, list] of Object.entries(runs)) {
    const seconds = median(list.map((each) => each.seconds));
    const [{ pairs, frames, videos: done }] = list;
    console.log(
      `${who}: ${pairs} pairs from ${frames} frames of ${done} videos in ${seconds.toFixed(1)} s; ${((60 * pairs) / seconds).toFixed(1)} pairs, ${((60 * done) / seconds).toFixed(1)} videos a minute`,
    );
  }
  const ratios = (rate) => runs.ours.map((ours, i) => rate(ours) / rate(runs.peer[i]));
  const pairs = median(ratios((each) => each.pairs / each.seconds));
  const speed = median(ratios((each) => each.videos / each.seconds));
  console.log(`ours over peer: ${pairs.toFixed(2)}x pairs a minute, ${speed.toFixed(2)}x videos a minute`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
