// Decoding, probing and ingesting against PyAV, ffmpeg and ffprobe, in turn and pinned to the same cores, and memory over long and many videos.
//   npm run build && node bench/ingest.bench.mjs --only PART --data DIR --python peers/bin/python [--ffprobe PATH] [--ffmpeg PATH] [--rounds 5]
//     [--clips 200] [--files 1000] [--slope 2500] [--hours 2] [--corpus 5000] [--sizes 320x240,426x240,176x144] [--largest 500000] [--cpus 0,1]
// Parts: decode (one core), two (cores), perclip (against an ffmpeg for each clip), clips (16 frames at random), probe, memory, slope, corpus;
// several with commas, default all. `limit` is what bare decoding (no scaling, no hashing, no processes to start) needs of the same files.
// `ours` reads frames that share their memory, as ingest does; `oursOwn` gives each frame memory of its own, as miners get it. In `clips` both
// sides gather the 16 frames into one new array. In `probe` `ours` indexes packets alone, as `ffprobe -show_packets` does, and `oursOpened` also opens each
// file and describes its streams; ffprobe reads every file once, and its time is multiplied. `slope` probes, as ingest's processes do. `corpus` has
// 200 generated clips of `--sizes` and the real files of at most `--largest` bytes, again and again with other bytes at their end.
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { createRandom, packageRoot, runJob } from '../dist/core/index.js';
import {
  decoders,
  encodeVideo,
  findFfmpeg,
  ingest,
  ingestConfig,
  indexPackets,
  videoExtensions,
} from '../dist/ingest/index.js';

const option = (value) => ({ type: 'string', default: String(value) });
const { values } = parseArgs({
  options: {
    data: option(process.env.REELMINE_TEST_DATA ?? join(packageRoot(), '..', 'shared', 'data')),
    python: option(process.env.REELMINE_PEERS_PYTHON ?? ''),
    ffprobe: option('ffprobe'),
    ffmpeg: option((await findFfmpeg())?.path ?? 'ffmpeg'),
    only: option('decode,two,perclip,clips,probe,memory,slope,corpus'),
    rounds: option(5),
    clips: option(200),
    files: option(1000),
    slope: option(2500),
    hours: option(2),
    corpus: option(5000),
    sizes: option('320x240,426x240,176x144'),
    largest: option(500_000),
    cpus: option('0,1'),
  },
});
const number = (name) => Number(values[name]);
const cpus = values.cpus.split(',');
const scratch = mkdtempSync(join(tmpdir(), 'reelmine-bench-'));
const worker = fileURLToPath(new URL('ingest-worker.mjs', import.meta.url));
const peer = fileURLToPath(new URL('peers/decode.py', import.meta.url));
const side = 256;
const ucf = listVideos(join(values.data, 'ucf101'));
const all = listVideos(values.data);

function listVideos(folder) {
  return readdirSync(folder, { recursive: true })
    .filter((path) => videoExtensions.has(extname(path).toLowerCase()))
    .sort()
    .map((path) => join(folder, path));
}

const median = (numbers) => numbers.toSorted((a, b) => a - b)[numbers.length >> 1];
const repeat = (list, count) => Array.from({ length: count }, (_, i) => list[i % list.length]);

/** Runs a program pinned to a core; gives what it prints as JSON, or its wall time. */
function pinned(cpu, command, args) {
  const begun = performance.now();
  return new Promise((resolve, reject) => {
    const child = spawn('taskset', ['-c', cpu, command, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
    let out = '';
    child.stdout.on('data', (chunk) => (out += chunk));
    child.on('close', (status) => {
      const wall = (performance.now() - begun) / 1000;
      if (status !== 0) reject(new Error(`${command} ${args[0]} ended with ${status}`));
      else resolve(out.trim().startsWith('{') ? { wall, ...JSON.parse(out) } : { wall });
    });
  });
}

function writeList(name, content) {
  const path = join(scratch, `${name}.json`);
  writeFileSync(path, JSON.stringify(content));
  return path;
}

/** Sides in turn, `rounds` times: medians of seconds by name. */
async function inTurn(sides) {
  const seconds = Object.fromEntries(Object.keys(sides).map((name) => [name, []]));
  for (let round = 0; round < number('rounds'); round++)
    for (const [name, run] of Object.entries(sides)) seconds[name].push(await run());
  return Object.fromEntries(Object.entries(seconds).map(([name, list]) => [name, median(list)]));
}

const ours = (mode, list, cpu = cpus[0]) => pinned(cpu, process.execPath, [worker, mode, list, String(side)]);
const pyav = (mode, list, cpu = cpus[0]) => pinned(cpu, values.python, [peer, mode, list, String(side)]);

const benches = {
  async decode() {
    const list = writeList('decode', { files: repeat(ucf, number('clips')) });
    const found = await inTurn({
      ours: async () => (await ours('whole', list)).seconds,
      pyav: async () => (await pyav('whole', list)).seconds,
      oursOwn: async () => (await ours('whole-own', list)).seconds,
      pyavYuv: async () => (await pyav('whole-yuv', list)).seconds,
      limit: async () => (await ours('bare', list)).seconds,
    });
    return { ...found, ratio: found.pyav / found.ours, ratioYuv: found.pyavYuv / found.ours };
  },
  async two() {
    const files = repeat(ucf, number('clips'));
    const halves = [0, 1].map((half) => writeList(`half${half}`, { files: files.filter((_, i) => i % 2 === half) }));
    const both = async (run, mode) =>
      Math.max(...(await Promise.all(halves.map((half, i) => run(mode, half, cpus[i])))).map(({ seconds }) => seconds));
    const found = await inTurn({
      ours: () => both(ours, 'whole'),
      pyav: () => both(pyav, 'whole'),
      pyavYuv: () => both(pyav, 'whole-yuv'),
      limit: () => both(ours, 'bare'),
    });
    return { ...found, ratio: found.pyav / found.ours, ratioYuv: found.pyavYuv / found.ours };
  },
  async perclip() {
    const files = repeat(ucf, number('clips'));
    const list = writeList('perclip', { files });
    const size = ['-vf', `scale=${side}:${side}`, '-pix_fmt', 'rgb24', '-f', 'rawvideo', '-y', '/dev/null'];
    const found = await inTurn({
      ours: async () => (await ours('whole', list)).seconds,
      async ffmpeg() {
        let sum = 0;
        for (const file of files) {
          const input = ['-nostdin', '-v', 'error', '-threads', '1', '-i', `file:${file}`, '-an'];
          sum += (await pinned(cpus[0], values.ffmpeg, [...input, ...size])).wall;
        }
        return sum;
      },
      limit: async () => (await ours('bare', list)).seconds,
    });
    return { ...found, ratio: found.ffmpeg / found.ours, most: found.ffmpeg / found.limit };
  },
  async clips() {
    const random = createRandom(1);
    const files = repeat(ucf, number('clips'));
    const starts = files.map(() => random.int(100) / 100);
    const list = writeList('clips', { files, starts });
    const found = await inTurn({
      ours: async () => (await ours('clips', list)).seconds,
      pyav: async () => (await pyav('clips', list)).seconds,
    });
    return { ...found, ratio: found.pyav / found.ours };
  },
  async probe() {
    const files = repeat(all, number('files'));
    execFileSync('taskset', ['-acp', cpus[0], String(process.pid)], { stdio: 'ignore' });
    const decoder = await decoders.load('libav');
    const found = await inTurn({
      async ours() {
        const begun = performance.now();
        for (const file of files) await indexPackets(file).catch(() => null);
        return (performance.now() - begun) / 1000;
      },
      async oursOpened() {
        const begun = performance.now();
        for (const file of files) {
          const session = await decoder.open(file).catch(() => null);
          await session?.close();
          if (session) await indexPackets(file).catch(() => null);
        }
        return (performance.now() - begun) / 1000;
      },
      async ffprobe() {
        let sum = 0;
        for (const file of all) {
          const args = ['-v', 'quiet', '-select_streams', 'v:0', '-show_packets', '-of', 'csv', `file:${file}`];
          sum += (await pinned(cpus[0], values.ffprobe, args).catch(() => ({ wall: 0 }))).wall;
        }
        return (sum * files.length) / all.length;
      },
    });
    return { ...found, ratio: found.ffprobe / found.ours, ratioOpened: found.ffprobe / found.oursOpened };
  },
  async memory() {
    const peaks = {};
    for (const [name, minutes] of [
      ['tenMinutes', 10],
      ['long', number('hours') * 60],
    ]) {
      const path = join(scratch, `${name}.mp4`);
      await encodeVideo(path, {
        frames: longVideo(minutes * 60 * 10),
        width: 320,
        height: 240,
        fps: 10,
        codec: 'mpeg4',
        gop: 50,
      });
      const { peakBytes, seconds, bytes } = await ours('probe', writeList(name, { files: [path] }));
      peaks[name] = { peakMegabytes: peakBytes / 1e6, seconds, fileMegabytes: bytes / 1e6 };
    }
    return { ...peaks, ratio: peaks.long.peakMegabytes / peaks.tenMinutes.peakMegabytes };
  },
  async slope() {
    const { slopeKilobytes, files } = await ours('slope', writeList('slope', { files: repeat(ucf, number('slope')) }));
    return { files, slopeKilobytes };
  },
  async corpus() {
    const media = join(scratch, 'media');
    mkdirSync(media);
    const made = await makeClips(join(scratch, 'made'), Math.min(200, number('corpus')));
    const some = [...made, ...all.filter((path) => statSync(path).size <= number('largest'))];
    const files = repeat(some, number('corpus')).map((path, i) => {
      // Copies with a few bytes of their own at the end: other content, the same pictures.
      const to = join(media, `${i}${extname(path)}`);
      writeFileSync(
        to,
        Buffer.concat([readFileSync(path), Buffer.from(`\0\0\0\x0cfree${String(i).padStart(4, '0').slice(-4)}`)]),
      );
      return to;
    });
    execFileSync('taskset', ['-acp', cpus.join(','), String(process.pid)], { stdio: 'ignore' });
    const config = ingestConfig.parse({ maxFailureShare: 1 });
    const halves = [0, 1].map((half) => writeList(`bare${half}`, { files: files.filter((_, i) => i % 2 === half) }));
    const found = await inTurn({
      async ours() {
        const corpus = mkdtempSync(join(scratch, 'corpus-'));
        const begun = performance.now();
        await runJob(
          ingest({ sources: [media], corpus, config, decoder: 'libav', workers: 2, seed: 1, now: () => new Date() }),
        );
        return (performance.now() - begun) / 1000;
      },
      bare: async () =>
        Math.max(...(await Promise.all(halves.map((half, i) => ours('bare', half, cpus[i])))).map(({ wall }) => wall)),
    });
    return { files: files.length, ...found, share: found.ours / found.bare };
  },
};

function* longVideo(count) {
  const data = new Uint8Array(320 * 240 * 3);
  for (let i = 0; i < count; i++) {
    data.fill((i >> 4) % 200, 0, data.length / 2);
    for (let x = 0; x < 960; x++) data[((i * 7) % 240) * 960 + x] = 255;
    yield data;
  }
}

async function makeClips(folder, count) {
  const paths = [];
  const sizes = values.sizes.split(',');
  for (let n = 0; n < count; n++) {
    const random = createRandom(`clip-${n}`);
    const [width, height] = sizes[n % sizes.length].split('x').map(Number);
    const noise = Uint8Array.from({ length: width * height * 3 }, () => 100 + random.int(40));
    const frames = Array.from({ length: 60 }, (_, i) =>
      noise.map((value, at) => (value + ((at + i * 1000) >> 12)) & 255),
    );
    const path = join(folder, `${n}.mp4`);
    await encodeVideo(path, { frames, width, height, fps: 25, preset: 'ultrafast', quality: 28 });
    paths.push(path);
  }
  return paths;
}

try {
  for (const name of values.only.split(',')) {
    const found = await benches[name]();
    console.log(
      name,
      JSON.stringify(found, (_, value) => (typeof value === 'number' ? Number(value.toFixed(4)) : value), 1),
    );
  }
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
