// Damages real videos at random, seeded, and ingests them: nothing may hang, the main process may not crash, each file is usable or in the
// ledger, and no time of a picture comes twice. Run after npm run build:
//   node bench/mutate.mjs --data DIR [--files 10000] [--seed 1] [--decoder libav] [--workers 2] [--check-every 10] [--log FILE]
// Without --data: REELMINE_TEST_DATA, else ../shared/data. Ends with 1 if one of these does not hold. File n depends on the seed and n alone:
// `--from 4711 --files 1 --keep DIR` makes one again. With --log each batch leaves a line there, and a second run goes on after the last.
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, extname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { createRandom, packageRoot, readJsonLines, runJob, runProcess } from '../dist/core/index.js';
import { ingest, ingestConfig, readCorpus, videoExtensions } from '../dist/ingest/index.js';

const { values } = parseArgs({
  options: {
    data: { type: 'string', default: process.env.REELMINE_TEST_DATA ?? join(packageRoot(), '..', 'shared', 'data') },
    files: { type: 'string', default: '10000' },
    seed: { type: 'string', default: '1' },
    decoder: { type: 'string', default: 'libav' },
    workers: { type: 'string', default: '2' },
    batch: { type: 'string', default: '250' },
    'check-every': { type: 'string', default: '10' },
    'stall-seconds': { type: 'string', default: '60' },
    from: { type: 'string', default: '0' },
    keep: { type: 'string' },
    log: { type: 'string' },
  },
});
const [files, seed, workers, batch, checkEvery] = ['files', 'seed', 'workers', 'batch', 'check-every'].map((key) =>
  Number(values[key]),
);
const random = createRandom(seed);
const largest = 400_000;
const bases = readdirSync(values.data, { recursive: true })
  .filter((path) => videoExtensions.has(extname(path).toLowerCase()))
  .map((path) => join(values.data, path))
  .filter((path) => statSync(path).size > 0 && statSync(path).size <= largest)
  .sort();
if (bases.length === 0) throw new Error(`There is no video of up to ${largest} bytes below ${values.data}.`);

const kinds = {
  cut: (bytes, draw) => bytes.subarray(0, draw.int(bytes.length)),
  headless: (bytes, draw) => bytes.subarray(draw.int(Math.min(bytes.length, 4096))),
  flip(bytes, draw) {
    for (let n = 1 + draw.int(40); n > 0; n--) bytes[draw.int(bytes.length)] ^= 1 << draw.int(8);
    return bytes;
  },
  header(bytes, draw) {
    for (let n = 1 + draw.int(8); n > 0; n--) bytes[draw.int(Math.min(bytes.length, 2048))] = draw.int(256);
    return bytes;
  },
  zeros(bytes, draw) {
    const at = draw.int(bytes.length);
    return bytes.fill(0, at, Math.min(bytes.length, at + 1 + draw.int(20_000)));
  },
  garbage: (bytes, draw) =>
    Buffer.concat([bytes, Buffer.from(Array.from({ length: draw.int(5000) }, () => draw.int(256)))]),
  repeated: (bytes, draw) => Buffer.concat([bytes, bytes.subarray(draw.int(bytes.length))]),
  boxes: swapBoxes,
  pieces(bytes, draw) {
    const [a, b, c, d] = Array.from({ length: 4 }, () => draw.int(bytes.length)).sort((x, y) => x - y);
    return Buffer.concat([
      bytes.subarray(0, a),
      bytes.subarray(c, d),
      bytes.subarray(b, c),
      bytes.subarray(a, b),
      bytes.subarray(d),
    ]);
  },
};

/** Exchanges two neighbours among the boxes of an MP4 or the chunks of a RIFF file, at any depth; others swap pieces. */
function swapBoxes(bytes, draw) {
  const isRiff = bytes.toString('latin1', 0, 4) === 'RIFF';
  const containers = new Set(['moov', 'trak', 'mdia', 'minf', 'stbl', 'edts', 'udta', 'LIST', 'RIFF']);
  const lists = [];
  const walk = (from, to) => {
    const found = [];
    for (let at = from; at + 8 <= to;) {
      const size = isRiff ? 8 + bytes.readUInt32LE(at + 4) + (bytes.readUInt32LE(at + 4) % 2) : bytes.readUInt32BE(at);
      const type = bytes.toString('latin1', isRiff ? at : at + 4, isRiff ? at + 4 : at + 8);
      if (size < 8 || at + size > to) break;
      found.push([at, at + size]);
      if (containers.has(type)) walk(at + (isRiff ? 12 : 8), at + size);
      at += size;
    }
    if (found.length > 1) lists.push(found);
  };
  walk(0, bytes.length);
  if (lists.length === 0) return kinds.pieces(bytes, draw);
  const list = lists[draw.int(lists.length)];
  const n = draw.int(list.length - 1);
  const [[a, b], [, c]] = [list[n], list[n + 1]];
  return Buffer.concat([bytes.subarray(0, a), bytes.subarray(b, c), bytes.subarray(a, b), bytes.subarray(c)]);
}

/** File number `n` of the seed: a base, damaged once or twice. */
function makeFile(n, folder) {
  const draw = random.fork('file', n);
  const base = bases[draw.int(bases.length)];
  let bytes = Buffer.from(readFileSync(base));
  const names = Object.keys(kinds);
  const done = [];
  for (let times = 1 + draw.int(2); times > 0 && bytes.length > 16; times--) {
    const kind = names[draw.int(names.length)];
    bytes = Buffer.from(kinds[kind](bytes, draw));
    done.push(kind);
  }
  const path = join(folder, `${n}-${done.join('-')}${extname(base)}`);
  writeFileSync(path, bytes);
  return path;
}

/** Decodes a file in a process of its own and looks at the times of its pictures. */
async function checkTimes(path, frames) {
  const script = `const { decoders } = await import(${JSON.stringify(join(packageRoot(), 'dist', 'ingest', 'index.js'))});
    const session = await (await decoders.load(${JSON.stringify(values.decoder)})).open(${JSON.stringify(path)});
    const view = { width: 16, height: 16, fit: 'stretch', fps: null, channels: 1 };
    let last = -Infinity, count = 0;
    for await (const { pts } of session.frames({ span: null, view })) {
      if (pts <= last) throw new Error('time ' + pts + ' after ' + last);
      last = pts;
      count++;
    }
    if (count !== ${frames}) throw new Error(count + ' frames, ingest counted ${frames}');`;
  const { status, stderr } = await runProcess(process.execPath, ['--input-type=module', '-e', script], {
    timeoutMs: 600_000,
  });
  return status === 0 ? null : (stderr.match(/Error: .*/)?.[0] ?? `status ${status}`);
}

const scratch = values.keep ?? mkdtempSync(join(tmpdir(), 'reelmine-mutate-'));
mkdirSync(scratch, { recursive: true });
const config = ingestConfig.parse({
  duplicates: { near: 'off' },
  maxFailureShare: 1,
  stallSeconds: Number(values['stall-seconds']),
});

/** Makes, ingests and checks files `from` to `to`. */
async function runBatch(from, to) {
  const [folder, corpus] = [join(scratch, `files-${from}`), join(scratch, `corpus-${from}`)];
  for (const path of [folder, corpus]) rmSync(path, { recursive: true, force: true });
  mkdirSync(folder);
  const paths = Array.from({ length: to - from }, (_, i) => makeFile(from + i, folder));
  const found = { from, files: paths.length, usable: 0, checked: 0, slowestSeconds: 0, codes: {}, wrong: [] };
  let last = performance.now();
  const job = ingest({
    sources: [folder],
    corpus,
    config,
    decoder: values.decoder,
    workers,
    seed: 1,
    now: () => new Date(),
  });
  const { counts } = await runJob(job, () => {
    found.slowestSeconds = Math.max(found.slowestSeconds, (performance.now() - last) / 1000);
    last = performance.now();
  });
  found.usable = counts.done;
  const { sources } = await readCorpus(corpus);
  const frames = new Map(sources.flatMap(({ paths: places, video }) => places.map((path) => [path, video.frames])));
  const ledger = existsSync(join(corpus, 'failures.jsonl')) ? readJsonLines(join(corpus, 'failures.jsonl')) : [];
  const refused = new Map(ledger.map((entry) => [entry.path, entry]));
  for (const [n, path] of paths.entries()) {
    const say = (problem) => found.wrong.push(`${basename(path)}: ${problem}`);
    const entry = refused.get(path);
    if (frames.has(path) === (entry !== undefined)) say('not usable or in the ledger, but not both');
    if (entry) found.codes[entry.code] = (found.codes[entry.code] ?? 0) + 1;
    if (entry?.code === 'timeout') say('hangs');
    if (entry && !entry.message) say('no reason');
    if (!frames.has(path) || (from + n) % checkEvery !== 0) continue;
    found.checked++;
    const problem = await checkTimes(path, frames.get(path));
    if (problem) say(problem);
  }
  if (!values.keep) for (const path of [folder, corpus]) rmSync(path, { recursive: true });
  return found;
}

const batches = values.log && existsSync(values.log) ? readJsonLines(values.log) : [];
try {
  const first = Number(values.from);
  for (let from = first; from < first + files; from += batch) {
    if (batches.some((done) => done.from === from)) continue;
    const found = await runBatch(from, Math.min(from + batch, first + files));
    batches.push(found);
    if (values.log) appendFileSync(values.log, `${JSON.stringify(found)}\n`);
    if (process.stderr.isTTY) process.stderr.write(`\r${from + found.files - first} of ${files}`);
  }
} finally {
  if (!values.keep) rmSync(scratch, { recursive: true, force: true });
}
const sum = (key) => batches.reduce((total, found) => total + found[key], 0);
const codes = {};
for (const found of batches)
  for (const [code, count] of Object.entries(found.codes)) codes[code] = (codes[code] ?? 0) + count;
const wrong = batches.flatMap((found) => found.wrong);
const totals = { files: sum('files'), usable: sum('usable'), checked: sum('checked') };
const slowestSeconds = Math.max(...batches.map((found) => found.slowestSeconds));
console.log(JSON.stringify({ seed, decoder: values.decoder, ...totals, slowestSeconds, codes, wrong }, null, 1));
process.exitCode = wrong.length > 0 ? 1 : 0;
