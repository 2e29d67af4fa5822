// One side of bench/ingest.bench.mjs: node ingest-worker.mjs MODE LIST SIDE. MODE: whole (frames share memory), whole-own, clips, bare (decoding alone), probe, slope.
import { readFileSync, statSync } from 'node:fs';
import { decoders, defaultLimits, ingestConfig, measureFile } from '../dist/ingest/index.js';
import { openContainer } from '../dist/ingest/decoders/libav-container.js';
import { PictureReader } from '../dist/ingest/decoders/libav-pictures.js';
import { loadNodeAv } from '../dist/ingest/decoders/node-av.js';

const [mode, list, sideText] = process.argv.slice(2);
const { files, starts } = JSON.parse(readFileSync(list, 'utf8'));
const side = Number(sideText);
const view = { width: side, height: side, fit: 'stretch', fps: null, channels: 3, reusesMemory: mode !== 'whole-own' };
const decoder = await decoders.load('libav');
await decoder.unavailable(); // loads the library
let frames = 0;
const more = {};
const begun = performance.now();
const cpuBegun = process.cpuUsage();

if (mode === 'bare') for (const file of files) frames += await decodeAll(file);
if (mode.startsWith('whole')) for (const file of files) await read(file, null);
if (mode === 'clips') for (const [n, file] of files.entries()) await read(file, starts[n]);
if (mode === 'probe') {
  const config = ingestConfig.parse({});
  for (const file of files) frames += (await measureFile(file, decoder, { config })).probed.video.frames;
  more.bytes = statSync(files[0]).size;
}
if (mode === 'slope') {
  const config = ingestConfig.parse({});
  const points = [];
  for (const [n, file] of files.entries()) {
    await measureFile(file, decoder, { config });
    if (n >= 500) points.push([n, process.memoryUsage.rss() / 1000]);
  }
  const [meanX, meanY] = [0, 1].map((axis) => points.reduce((sum, point) => sum + point[axis], 0) / points.length);
  const sum = (of) => points.reduce((total, [x, y]) => total + of(x - meanX, y - meanY), 0);
  more.slopeKilobytes = sum((x, y) => x * y) / sum((x) => x * x);
}
const seconds = (performance.now() - begun) / 1000;
const { user, system } = process.cpuUsage(cpuBegun);
const cpuSeconds = (user + system) / 1e6;
const peakBytes = process.resourceUsage().maxRSS * 1024;
console.log(JSON.stringify({ frames, files: files.length, seconds, cpuSeconds, peakBytes, ...more }));

async function read(file, start) {
  const session = await decoder.open(file);
  try {
    const { startPts, timeBase } = session.media.video;
    const from = startPts + Math.round(((start ?? 0) * timeBase[1]) / timeBase[0]);
    const span = start === null ? null : { startPts: from, endPts: Number.MAX_SAFE_INTEGER };
    const clip = start === null ? null : new Uint8Array(16 * 3 * side * side);
    let taken = 0;
    for await (const frame of session.frames({ span, view })) {
      frames += frame.data.length > 0 ? 1 : 0;
      clip?.set(frame.data, taken * frame.data.length);
      if (++taken === 16 && start !== null) break;
    }
  } finally {
    await session.close();
  }
}

/** Every picture of a file, none of them shown; 0 where it cannot be read. */
async function decodeAll(path) {
  const av = await loadNodeAv();
  const counters = { framesDecoded: 0, damagedPackets: 0, droppedFrames: 0, interlacedFrames: 0, lastDuration: 0 };
  let reader;
  try {
    reader = new PictureReader(
      av,
      { path, limits: defaultLimits, openContainer: () => openContainer(av, path) },
      counters,
    );
    while (reader.next()) continue;
  } catch {
    return counters.framesDecoded;
  } finally {
    reader?.close();
  }
  return counters.framesDecoded;
}
