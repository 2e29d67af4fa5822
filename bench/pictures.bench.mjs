// What storing pictures costs: bytes, milliseconds to encode and to decode one, and PSNR, for raw pixels, PNG, JPEG and WebP; and whether uniting five
// pictures in one tall one (`tall`) pays. Generated frames, or pictures of a folder (a sequence of DAVIS) scaled to each size.
//   npm run build && node bench/pictures.bench.mjs [--from DIR] [--sizes 32,64,112,227] [--count 20]
// Last figures (busy machine, 10 frames of DAVIS): 112×112 raw 37,632 bytes; PNG 31,626, decoded in 0.74 ms; JPEG 92 7,240 bytes, 0.16 ms, 37.3 dB;
// WebP 92 5,300 bytes, 1.24 ms, 35.9 dB; five in one tall JPEG 6,971 bytes, 0.12 ms each. 227×227 JPEG 92 24,208 bytes, 0.53 ms, 39.2 dB. So
// pictures are JPEG 92 one by one: near raw's speed at a fifth of its bytes. Uniting five saves 49 % of the bytes at 16×16, 23 % at 32×32, 7 % at 64×64 and
// 4 % at 112×112: crops as small as the first two are packed in one raw array instead, which takes no time to decode.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createMovingTarget, straight } from '../dist/synthetic/index.js';
import { decodeImage, encodeImage, resizeRgb } from '../dist/vision/index.js';

const { values } = parseArgs({
  options: {
    from: { type: 'string' },
    sizes: { type: 'string', default: '32,64,112,227' },
    count: { type: 'string', default: '20' },
  },
});
const count = Number(values.count);
const together = 5; // frames of a temporal-order sample

async function readPictures() {
  const files = readdirSync(values.from).filter((name) => /\.(jpe?g|png)$/i.test(name));
  return Promise.all(files.slice(0, count).map((name) => decodeImage(readFileSync(join(values.from, name)))));
}

function drawPictures() {
  const [width, height] = [600, 448];
  const scene = createMovingTarget({ width, height, size: 128, seed: 1, x: straight(150, 4), y: straight(200, 1) });
  return Array.from({ length: count }, (_, i) => ({ data: scene.frame(i), width, height }));
}

function psnr(a, b) {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] - b[i]) ** 2;
  return sum === 0 ? Infinity : 10 * Math.log10((255 * 255 * a.length) / sum);
}

async function milliseconds(action, repeats = 3) {
  let best = Infinity;
  for (let i = 0; i < repeats; i++) {
    const start = performance.now();
    await action();
    best = Math.min(best, performance.now() - start);
  }
  return best;
}

/** Encodes and decodes pictures one after another; `per` of ours lie in each. */
async function measure(name, pictures, width, height, options, per = 1) {
  let encoded = [];
  const encode = await milliseconds(async () => {
    encoded = [];
    for (const data of pictures)
      encoded.push(options ? await encodeImage(data, width, height, 3, options) : { data: data.slice() });
  });
  let decoded = [];
  const decode = await milliseconds(async () => {
    decoded = [];
    for (const each of encoded) decoded.push(options ? await decodeImage(each) : { data: each.data.slice() });
  });
  const total = pictures.length * per;
  const bytes = encoded.reduce((sum, { data }) => sum + data.length, 0) / total;
  const quality = pictures.reduce((sum, data, i) => sum + psnr(data, decoded[i].data), 0) / pictures.length;
  const cells = [bytes.toFixed(0), (encode / total).toFixed(3), (decode / total).toFixed(3), quality.toFixed(1)];
  const line = `${name.padEnd(16)}${cells.map((cell) => cell.padStart(10)).join('')}`;
  console.log(line);
  return { bytes, decode: decode / total };
}

/** Uniting pays where it saves this share of the bytes or of the time to decode. */
const worthIt = 0.25;

function decide(side, one, united) {
  const [bytes, decode] = [1 - united.bytes / one.bytes, 1 - united.decode / one.decode];
  const verdict = Math.max(bytes, decode) >= worthIt ? 'pays' : 'does not pay';
  const percent = (share) => `${(100 * share).toFixed(0)} %`;
  console.log(
    `=> uniting ${together} pictures of ${side}×${side} ${verdict}: ${percent(bytes)} of the bytes and ${percent(decode)} of the decoding are saved\n`,
  );
}

const originals = values.from ? await readPictures() : drawPictures();
for (const side of values.sizes.split(',').map(Number)) {
  const pictures = originals.map(({ data, width, height }) => resizeRgb(data, width, height, side, side));
  const tall = [];
  for (let i = 0; i + together <= pictures.length; i += together) {
    tall.push(new Uint8Array(Buffer.concat(pictures.slice(i, i + together))));
  }
  console.log(
    `${side}×${side}${'bytes'.padStart(19)}${'encode ms'.padStart(10)}${'decode ms'.padStart(10)}${'PSNR dB'.padStart(10)}`,
  );
  await measure('raw', pictures, side, side, null);
  await measure('png', pictures, side, side, { format: 'png' });
  const found = {};
  for (const format of ['jpeg', 'webp']) {
    for (const quality of [80, 92, 98]) {
      const name = `${format} ${quality}`;
      found[name] = await measure(name, pictures, side, side, { format, quality });
    }
  }
  const united = await measure('jpeg 92, tall', tall, side, side * together, { format: 'jpeg', quality: 92 }, together);
  decide(side, found['jpeg 92'], united);
}
