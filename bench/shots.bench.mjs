// Shots in generated films (cuts, dissolves, fades; flashes and pans that are none): F1 and frames per second, ours and PySceneDetect's
// AdaptiveDetector and ContentDetector in turn on the same files and cores. Limit: decoding alone, which all of them do.
//   npm run build && node bench/shots.bench.mjs --python peers/bin/python [--films 8] [--seed 1000] [--rounds 5] [--cores 0] [--size 640x360]
// With `--cores 0,1` ours works in two processes, and so does the peer (`--peer-processes 1`: as its users run it). A boundary is found if
// a cut lies in its frames or at most two beside. Settings were chosen on seeds below 100; give others.
import { execFileSync, fork, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { createShotDetector, encodeVideo, selectDecoder, shotConfig } from '../dist/ingest/index.js';
import { createTransitionFilm } from '../dist/synthetic/index.js';

const here = fileURLToPath(import.meta.url);
const { decoder } = await selectDecoder('libav');
const { width, height } = shotConfig.parse({});
const view = { width, height, fit: 'stretch', fps: null, channels: 3, filter: 'area', reusesMemory: true }; // as ingest reads

async function detect(file) {
  const session = await decoder.open(file);
  const detector = createShotDetector();
  const times = [];
  for await (const frame of session.frames({ span: null, view })) {
    times.push(frame.pts);
    detector.push(frame);
  }
  await session.close();
  const { cuts, gradual } = detector.finish();
  const middles = [...cuts, ...gradual.map(({ startPts, endPts }) => Math.floor((startPts + endPts) / 2))];
  return {
    frames: times.length,
    cuts: middles.sort((a, b) => a - b).map((pts) => times.findLastIndex((time) => time <= pts)),
  };
}

if (process.send) {
  process.on('message', async (file) => process.send(await detect(file)));
} else {
  await main();
}

async function main() {
  const { values } = parseArgs({
    options: {
      python: { type: 'string', default: process.env.REELMINE_PEERS_PYTHON },
      films: { type: 'string', default: '8' },
      seed: { type: 'string', default: '1000' },
      rounds: { type: 'string', default: '5' },
      cores: { type: 'string', default: '0' },
      size: { type: 'string', default: '640x360' },
      'peer-processes': { type: 'string' },
      verbose: { type: 'boolean', default: false },
    },
  });
  const processes = values.cores.split(',').length;
  const peerProcesses = Number(values['peer-processes'] ?? processes);
  const [w, h] = values.size.split('x').map(Number);
  const folder = mkdtempSync(join(tmpdir(), 'reelmine-shots-'));
  const films = Array.from({ length: Number(values.films) }, (_, i) =>
    createTransitionFilm({ seed: Number(values.seed) + i, width: w, height: h }),
  );
  const files = films.map((_, i) => join(folder, `${i}.mp4`));
  for (const [i, film] of films.entries())
    await encodeVideo(files[i], { frames: framesOf(film), width: w, height: h, fps: 25, preset: 'veryfast' });
  execFileSync('taskset', ['-acp', values.cores, String(process.pid)], { stdio: 'ignore' }); // and so all that is started below
  const workers = Array.from({ length: processes }, () => fork(here));
  const peer = values.python
    ? spawn(values.python, ['-W', 'ignore', fileURLToPath(new URL('peers/shots.py', import.meta.url))], {
        stdio: ['pipe', 'pipe', 'inherit'],
      })
    : null;
  const answers = peer ? createInterface({ input: peer.stdout })[Symbol.asyncIterator]() : null;
  const sides = {
    ours: () => runOurs(workers, files),
    ...(peer && {
      adaptive: () => runPeer(peer, answers, { detector: 'adaptive', files, processes: peerProcesses }),
      content: () => runPeer(peer, answers, { detector: 'content', files, processes: peerProcesses }),
    }),
  };
  const rates = Object.fromEntries(Object.keys(sides).map((name) => [name, []]));
  try {
    for (let round = 0; round < Number(values.rounds); round++) {
      for (const [name, run] of Object.entries(sides)) {
        const { seconds, frames, cuts, version = '' } = await run();
        rates[name].push(frames / seconds);
        if (round > 0) continue;
        const { f1, precision, recall, byKind } = score(films, cuts, values.verbose);
        console.log(
          `${name.padEnd(9)}${version} F1 ${f1.toFixed(4)} precision ${precision.toFixed(4)} recall ${recall.toFixed(4)}, by kind ${byKind}`,
        );
      }
    }
    const median = (list) => list.toSorted((a, b) => a - b)[list.length >> 1];
    for (const [name, list] of Object.entries(rates)) {
      const ratio = (median(rates.ours) / median(list)).toFixed(2);
      console.log(
        `${name.padEnd(9)} ${median(list).toFixed(0)} frames/s on cores ${values.cores}${name === 'ours' ? '' : `; ours ${ratio}x`}`,
      );
    }
  } finally {
    for (const worker of workers) worker.kill();
    peer?.stdin.end();
    rmSync(folder, { recursive: true });
  }
}

function* framesOf(film) {
  for (let i = 0; i < film.frameCount; i++) yield film.frame(i);
}

async function runOurs(workers, files) {
  const waiting = files.map((file, i) => ({ file, i }));
  const out = [];
  const start = performance.now();
  await Promise.all(
    workers.map(async (worker) => {
      for (let task = waiting.shift(); task; task = waiting.shift()) {
        const answer = new Promise((done) => worker.once('message', done));
        worker.send(task.file);
        out[task.i] = await answer;
      }
    }),
  );
  const seconds = (performance.now() - start) / 1000;
  return { seconds, frames: out.reduce((sum, { frames }) => sum + frames, 0), cuts: out.map(({ cuts }) => cuts) };
}

async function runPeer(peer, answers, request) {
  peer.stdin.write(`${JSON.stringify(request)}\n`);
  return JSON.parse((await answers.next()).value);
}

function score(films, cuts, verbose) {
  let [found, missed, wrong] = [0, 0, 0];
  const kinds = {};
  films.forEach(({ boundaries }, film) => {
    const left = [...cuts[film]];
    for (const boundary of boundaries) {
      const at = left.findIndex((cut) => cut >= boundary.start - 2 && cut <= boundary.end + 2);
      const kind = (kinds[boundary.kind] ??= [0, 0]);
      kind[1]++;
      if (at >= 0) {
        left.splice(at, 1);
        found++;
        kind[0]++;
      } else {
        missed++;
        if (verbose) console.log('  missed', film, JSON.stringify(boundary));
      }
    }
    wrong += left.length;
    if (verbose && left.length > 0)
      console.log('  wrong', film, left.join(' '), 'of', JSON.stringify(boundaries.map((b) => [b.start, b.end])));
  });
  const [precision, recall] = [found / Math.max(1, found + wrong), found / (found + missed)];
  const byKind = Object.entries(kinds)
    .map(([kind, [n, of]]) => `${kind} ${n}/${of}`)
    .join(', ');
  return { precision, recall, f1: (2 * found) / (2 * found + wrong + missed), byKind };
}
