// Motion masks of ours against the same method in Python with OpenCV 5 (contrib SLIC, DIS or Farneback flow): milliseconds of one mask at
// 256×144, GrabCut of every frame included, one process and one thread each, in turn on the same core; processor time beside wall time.
//   npm run build && node bench/masks.bench.mjs --python peers/bin/python [--rounds 3] [--cpu 0] [--frames 40] [--folder PICTURES]
// Pictures are generated (src/synthetic/mover-set.ts), or those of a folder, scaled to 256 pixels. What ours needs for fast flow, superpixels,
// corners and neighbours are WebAssembly kernels; GrabCut is OpenCV's own code as WebAssembly, and takes about half of the time.
// Last figures: at the end of the file.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { createRandom } from '../dist/core/index.js';
import { motionMasksConfig } from '../dist/mining/motion-masks/config.js';
import { pairGaps, planFrames } from '../dist/mining/motion-masks/plan.js';
import { MotionScan } from '../dist/mining/motion-masks/scan.js';
import { askWitness } from '../dist/mining/motion-masks/witness.js';
import { createMoverSet } from '../dist/synthetic/index.js';
import { decodeImage, encodeImage, resizeRgb } from '../dist/vision/index.js';

const { values } = parseArgs({
  options: {
    python: { type: 'string', default: process.env.REELMINE_PEERS_PYTHON },
    rounds: { type: 'string', default: '3' },
    cpu: { type: 'string', default: '0' },
    frames: { type: 'string', default: '40' },
    folder: { type: 'string' },
    ours: { type: 'string' },
  },
});

if (values.ours) await measureOurs(values.ours);
else await lead();

async function lead() {
  if (!values.python) throw new Error('Give --python, from an environment with bench/peers/requirements.txt.');
  const folder = mkdtempSync(join(tmpdir(), 'reelmine-masks-'));
  try {
    await writePictures(folder);
    const ask = (command, args) => {
      const child = spawnSync('taskset', ['-c', values.cpu, command, ...args], {
        encoding: 'utf8',
        env: { ...process.env, OMP_NUM_THREADS: '1', OPENBLAS_NUM_THREADS: '1' },
      });
      if (child.status !== 0) throw new Error(child.stderr);
      return JSON.parse(child.stdout);
    };
    const peer = fileURLToPath(new URL('peers/masks.py', import.meta.url));
    const rows = {
      ours: () => ask(process.execPath, [fileURLToPath(import.meta.url), '--ours', folder]),
      'OpenCV 5, DIS flow': () => ask(values.python, [peer, folder, '--rounds', '1']),
      'OpenCV 5, Farneback': () => ask(values.python, [peer, folder, '--rounds', '1', '--flow', 'farneback']),
    };
    const found = Object.fromEntries(Object.keys(rows).map((name) => [name, { wall: [], processor: [] }]));
    for (let round = 0; round < Number(values.rounds); round++) {
      for (const [name, run] of Object.entries(rows)) {
        const { wall, processor } = run();
        found[name].wall.push(wall[0]);
        found[name].processor.push(processor[0]);
      }
    }
    for (const [name, { wall, processor }] of Object.entries(found))
      console.log(
        `${name.padEnd(20)} ${median(wall).toFixed(1)} ms a mask, ${median(processor).toFixed(1)} ms of processor, ` +
          `${(median(processor) / median(found.ours.processor)).toFixed(2)}×`,
      );
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function writePictures(folder) {
  mkdirSync(folder, { recursive: true });
  const put = async (n, rgb, width, height) => {
    const { data } = await encodeImage(rgb, width, height, 3, { format: 'png' });
    writeFileSync(join(folder, `${String(n).padStart(5, '0')}.png`), data);
  };
  if (values.folder) {
    for (const [n, name] of readdirSync(values.folder).sort().slice(0, Number(values.frames)).entries()) {
      const { data, width, height } = await decodeImage({
        image: 'jpeg',
        data: readFileSync(join(values.folder, name)),
      });
      const tall = Math.round((height * 256) / width);
      await put(n, resizeRgb(data, width, height, 256, tall), 256, tall);
    }
    return;
  }
  const { film } = createMoverSet({ seed: 1, frames: Number(values.frames) }).at(-1);
  for (let n = 0; n < film.frameCount; n++) await put(n, film.frame(n), film.width, film.height);
}

async function measureOurs(folder) {
  const pictures = await Promise.all(
    readdirSync(folder)
      .sort()
      .map(async (name) => decodeImage({ image: 'png', data: readFileSync(join(folder, name)) })),
  );
  mine(pictures.slice(0, 12));
  const [start, used] = [performance.now(), process.cpuUsage()];
  const masks = mine(pictures);
  const { user, system } = process.cpuUsage(used);
  const wall = (performance.now() - start) / masks;
  console.log(JSON.stringify({ wall: [wall], processor: [(user + system) / 1000 / masks], masks }));
}

function mine(pictures) {
  const config = motionMasksConfig.parse({});
  const plan = planFrames(pictures.length, 0, config);
  const scan = new MotionScan({ config, gaps: pairGaps(24), plan, random: createRandom(1) });
  pictures.forEach(({ data, width, height }, frame) => scan.add({ frame, rgb: data, width, height, tag: null }));
  const frames = scan.end();
  for (const frame of frames) askWitness(frame.rgb, frame.votes, frame, config);
  return frames.length;
}

function median(list) {
  return [...list].sort((a, b) => a - b)[list.length >> 1];
}
