// Dense flow of ours and of OpenCV 5 on the same pairs: pairs per second of two processes on two cores, in turn, processor time of one
// pair (steadier where others use the machine), and end-point error in pixels, over every pixel whose truth is known, hidden ones too.
//   npm run build && node bench/flow.bench.mjs --python peers/bin/python [--rounds 7] [--pairs 24] [--cpus 0,1] [--data shared/data]
// Pairs are generated (320×240, src/synthetic/flow-pair.ts: seeds 0 to 23, things move up to 8 pixels); with --data also RubberWhale,
// a pair like Flying Chairs and one of KITTI 2015. Limit: copying a pair to a kernel's memory and its flow out of it.
// Last figures: at the end of the file.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { flowPair } from '../dist/synthetic/index.js';
import { decodeImage, denseFlow, fastFlow, parseFlo, parseKittiFlow, toLuma, withMats } from '../dist/vision/index.js';

const { values } = parseArgs({
  options: {
    python: { type: 'string', default: process.env.REELMINE_PEERS_PYTHON },
    rounds: { type: 'string', default: '7' },
    pairs: { type: 'string', default: '24' },
    cpus: { type: 'string', default: '0,1' },
    data: { type: 'string' },
    worker: { type: 'string' },
  },
});

const memory = new ArrayBuffer(1 << 26);
const methods = {
  'ours fast': (pair) => fastFlow(pair.previous, pair.next, pair.width, pair.height),
  'ours fast, finest level 0': (pair) =>
    fastFlow(pair.previous, pair.next, pair.width, pair.height, { finestLevel: 0 }),
  'ours Farneback': (pair) => denseFlow(pair.previous, pair.next, pair.width, pair.height),
  'opencv-wasm Farneback': opencvFlow,
  'copying alone': copyOnly,
};
const peers = ['OpenCV Farneback', 'OpenCV DIS ultrafast', 'OpenCV DIS fast', 'OpenCV DIS medium', 'zero flow'];

if (values.worker) await work(values.worker);
else await lead();

/** Starts two processes of each side and has them run in turn. */
async function lead() {
  if (!values.python) throw new Error('Give --python, from an environment with bench/peers/requirements.txt.');
  const folder = mkdtempSync(join(tmpdir(), 'reelmine-flow-'));
  const groups = await writePairs(folder);
  const script = fileURLToPath(import.meta.url);
  const cpus = values.cpus.split(',');
  const own = cpus.map((cpu) => start(cpu, process.execPath, [script, '--worker', folder]));
  const other = cpus.map((cpu) =>
    start(cpu, values.python, [fileURLToPath(new URL('peers/flow.py', import.meta.url)), folder]),
  );
  try {
    const rows = [
      ...Object.keys(methods).map((name) => ({ name, workers: own, rates: [], costs: [] })),
      ...peers.map((name) => ({ name, workers: other, rates: [], costs: [] })),
    ];
    for (const row of rows)
      if (row.name !== 'copying alone') row.errors = await row.workers[0].ask({ errors: row.name });
    for (let round = 0; round < Number(values.rounds); round++) {
      for (const { name, workers, rates, costs } of rows) {
        if (name === 'zero flow') continue;
        const done = await Promise.all(workers.map((worker) => worker.ask({ speed: name })));
        const slowest = Math.max(...done.map(({ seconds }) => seconds));
        rates.push((Number(values.pairs) * workers.length) / slowest);
        costs.push((1000 * median(done.map(({ processor }) => processor))) / Number(values.pairs));
      }
    }
    const reference = median(rows.find(({ name }) => name === 'OpenCV Farneback').rates);
    console.log(`${cpus.length} processes, Node ${process.version}; end-point error: ${groups.join(', ')}`);
    for (const { name, rates, costs, errors } of rows) {
      const rate = rates.length > 0 ? median(rates) : NaN;
      const speed =
        rates.length > 0
          ? `${rate.toFixed(1)} pairs/s, ${(rate / reference).toFixed(2)}×, ${median(costs).toFixed(2)} ms`
          : '';
      console.log(
        `${name.padEnd(26)} ${speed.padStart(33)}   ${groups.map((group) => errors?.[group].toFixed(3) ?? '').join('  ')}`,
      );
    }
  } finally {
    for (const worker of [...own, ...other]) worker.end();
    rmSync(folder, { recursive: true });
  }
}

/** One process on one core, asked line by line. */
function start(cpu, command, args) {
  const child = spawn('taskset', ['-c', cpu, command, ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    async ask(question) {
      child.stdin.write(`${JSON.stringify(question)}\n`);
      const { value, done } = await lines.next();
      if (done) throw new Error(`${command} ended.`);
      return JSON.parse(value);
    },
    end: () => child.stdin.end(),
  };
}

/** Pictures, flow and known pixels of each pair as raw files, and their list; gives the names of the groups. */
async function writePairs(folder) {
  const pairs = Array.from({ length: Number(values.pairs) }, (_, seed) => ({
    group: 'generated',
    ...flowPair({ width: 320, height: 240, seed }),
  }));
  if (values.data) {
    for (const [group, previous, next, flow] of [
      [
        'RubberWhale',
        'middlebury_rubberwhale/frame10.png',
        'middlebury_rubberwhale/frame11.png',
        'middlebury_rubberwhale/flow10.flo',
      ],
      ['chairs-like', 'chairs_like/0img0.ppm', 'chairs_like/0img1.ppm', 'chairs_like/0flow.flo'],
      ['KITTI 2015', 'kitti/frame1.png', 'kitti/frame2.png', 'kitti/flow_gt.png'],
    ]) {
      const read = (name) => readFileSync(join(values.data, 'flow', name));
      const luma = async (name) => {
        if (name.endsWith('.ppm')) return toLuma(readPpm(read(name)));
        const picture = await decodeImage(read(name));
        return picture.channels === 3 ? toLuma(picture.data) : picture.data;
      };
      const truth = flow.endsWith('.flo') ? parseFlo(read(flow)) : await parseKittiFlow(read(flow));
      pairs.push({ group, ...truth, previous: await luma(previous), next: await luma(next) });
    }
  }
  const list = pairs.map(({ group, width, height, previous, next, flow, valid }, n) => {
    const files = { previous, next, flow, valid: valid ?? new Uint8Array(width * height).fill(1) };
    for (const [name, data] of Object.entries(files)) writeFileSync(join(folder, `${n}.${name}`), data);
    return { group, width, height };
  });
  writeFileSync(join(folder, 'pairs.json'), JSON.stringify(list));
  return [...new Set(list.map(({ group }) => group))];
}

/** RGB of a binary PPM of 8 bits without comments. */
function readPpm(bytes) {
  const [, width, height] = /^P6\s+(\d+)\s+(\d+)\s+255\s/.exec(bytes.toString('latin1', 0, 40));
  return new Uint8Array(bytes.subarray(bytes.length - 3 * width * height));
}

async function work(folder) {
  const pairs = JSON.parse(readFileSync(join(folder, 'pairs.json'), 'utf8')).map((pair, n) => {
    const read = (name) => new Uint8Array(readFileSync(join(folder, `${n}.${name}`)));
    return {
      ...pair,
      previous: read('previous'),
      next: read('next'),
      flow: new Float32Array(read('flow').slice().buffer),
      valid: read('valid'),
    };
  });
  const generated = pairs.filter(({ group }) => group === 'generated');
  for await (const line of createInterface({ input: process.stdin })) {
    const { speed, errors } = JSON.parse(line);
    if (speed) {
      methods[speed](generated[0]);
      const [begin, used] = [performance.now(), process.cpuUsage()];
      for (const pair of generated) methods[speed](pair);
      const seconds = (performance.now() - begin) / 1000;
      const { user, system } = process.cpuUsage(used);
      console.log(JSON.stringify({ seconds, processor: (user + system) / 1e6 }));
    } else {
      const byGroup = {};
      for (const pair of pairs) (byGroup[pair.group] ??= []).push(pair);
      const means = Object.entries(byGroup).map(([group, members]) => [
        group,
        members.reduce((sum, pair) => sum + endpointError(methods[errors](pair), pair), 0) / members.length,
      ]);
      console.log(JSON.stringify(Object.fromEntries(means)));
    }
  }
}

function endpointError(found, { flow, valid }) {
  let [sum, count] = [0, 0];
  for (let i = 0; i < valid.length; i++) {
    if (valid[i] === 0) continue;
    sum += Math.hypot(found[2 * i] - flow[2 * i], found[2 * i + 1] - flow[2 * i + 1]);
    count++;
  }
  return sum / count;
}

/** OpenCV 4.3 as WebAssembly, without SIMD: what `denseFlow` was. */
function opencvFlow({ previous, next, width, height }) {
  return withMats((hold, cv) => {
    const [a, b] = [hold(new cv.Mat(height, width, cv.CV_8UC1)), hold(new cv.Mat(height, width, cv.CV_8UC1))];
    const flow = hold(new cv.Mat());
    a.data.set(previous);
    b.data.set(next);
    cv.calcOpticalFlowFarneback(a, b, flow, 0.5, 3, 15, 3, 5, 1.2, 0);
    return flow.data32F.slice();
  });
}

function copyOnly({ previous, next }) {
  const bytes = new Uint8Array(memory);
  bytes.set(previous, 0);
  bytes.set(next, previous.length);
  return new Float32Array(memory, 1 << 25, 2 * previous.length).slice();
}

function median(numbers) {
  return [...numbers].sort((a, b) => a - b)[numbers.length >> 1];
}

// Two processes, OpenCV 5.0.0, Node 20.20, 5 rounds. Against OpenCV's Farneback, by the clock; processor time of a pair; error on
// generated pairs and on RubberWhale. Copying alone: 0.38 ms.
//   ours fast                  2.84×   4.53 ms   0.454  0.212      OpenCV Farneback       1.00×  13.84 ms   0.991  0.362
//   ours fast, finest level 0  0.92×  14.85 ms   0.408  0.104      OpenCV DIS ultrafast  19.23×   0.72 ms   1.134  0.532
//   ours Farneback             1.85×   7.45 ms   0.991  0.362      OpenCV DIS fast        9.81×   1.43 ms   0.959  0.437
//   opencv-wasm Farneback      0.78×  18.09 ms   0.991  0.362      OpenCV DIS medium      1.66×   8.38 ms   0.534  0.226
