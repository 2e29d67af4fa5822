import sharp from 'sharp';
import { expect, test } from 'vitest';
import { createRandom } from '../../src/core/index.js';
import { encodeImage } from '../../src/vision/image-codec.js';
import { decodeJpeg } from '../../src/vision/jpeg.js';
import { expectSameValues } from './same-values.js';

type Texture = 'noise' | 'smooth' | 'plain';

function picture(width: number, height: number, channels: 1 | 3, texture: Texture, seed = 1): Uint8Array {
  const random = createRandom(seed);
  const wave = Array.from({ length: channels * 2 }, () => 0.02 + 0.2 * random.float());
  return Uint8Array.from({ length: width * height * channels }, (_, i) => {
    const [x, y, c] = [Math.floor(i / channels) % width, Math.floor(i / channels / width), i % channels];
    if (texture === 'plain') return 40 + 90 * c;
    if (texture === 'noise') return random.int(256);
    return 128 + 100 * Math.sin(x * wave[c]!) * Math.cos(y * wave[c + channels]!) + random.int(20);
  });
}

/** What libjpeg makes of it. */
const byLibrary = async (bytes: Uint8Array, channels: 1 | 3) =>
  sharp(bytes)
    .toColourspace(channels === 1 ? 'b-w' : 'srgb')
    .raw()
    .toBuffer();

test('gives to the byte what libjpeg gives, for every texture, quality and odd size', async () => {
  for (const texture of ['noise', 'smooth', 'plain'] as const) {
    for (const channels of [1, 3] as const) {
      for (const [width, height, quality] of [
        [112, 112, 92],
        [64, 48, 100],
        [33, 7, 75],
        [8, 8, 5],
        [1, 1, 92],
        [61, 90, 40],
      ] as const) {
        const data = picture(width, height, channels, texture, quality);
        const { data: bytes } = await encodeImage(data, width, height, channels, { quality });
        const decoded = decodeJpeg(bytes);
        expect(decoded).toMatchObject({ width, height, channels });
        expectSameValues(decoded!.data, await byLibrary(bytes, channels));
      }
    }
  }
});

test('decodes one after another, whatever their tables, as each alone', async () => {
  const jpegs = await Promise.all(
    [20, 95, 50].map((quality, seed) =>
      encodeImage(picture(40, 24, 3, 'smooth', seed), 40, 24, 3, { quality }).then(({ data }) => data),
    ),
  );
  const alone = jpegs.map((bytes) => decodeJpeg(bytes)!.data);
  for (const i of [2, 0, 1, 1, 0]) expectSameValues(decodeJpeg(jpegs[i]!)!.data, alone[i]!);
});

test('leaves to a complete decoder what it cannot do', async () => {
  const data = picture(40, 40, 3, 'smooth');
  const raw = sharp(data, { raw: { width: 40, height: 40, channels: 3 } });
  const others = [
    raw.clone().jpeg({ chromaSubsampling: '4:2:0' }),
    raw.clone().jpeg({ progressive: true, chromaSubsampling: '4:4:4' }),
    raw.clone().withIccProfile('p3').jpeg({ chromaSubsampling: '4:4:4' }),
    raw.clone().toColourspace('cmyk').jpeg(),
    raw.clone().png(),
    raw.clone().webp(),
  ];
  for (const other of others) expect(decodeJpeg(await other.toBuffer())).toBeNull();
  expect(decodeJpeg(new Uint8Array(0))).toBeNull();
  expect(decodeJpeg(Uint8Array.of(0xff, 0xd8, 0xff))).toBeNull();
});

test('gives nothing of a file cut short, and never fails on damaged bytes', async () => {
  const { data: bytes } = await encodeImage(picture(48, 40, 3, 'smooth'), 48, 40, 3);
  const headerBytes = bytes.findIndex((byte, i) => byte === 0xff && bytes[i + 1] === 0xda);
  for (let length = 0; length < bytes.length - 40; length += length < headerBytes + 20 ? 1 : 61) {
    expect(decodeJpeg(bytes.subarray(0, length))).toBeNull();
  }
  const random = createRandom(3);
  for (let trial = 0; trial < 3000; trial++) {
    const damaged = bytes.slice();
    for (let i = 0; i < 1 + (trial % 4); i++)
      damaged[random.int(trial % 2 ? headerBytes : bytes.length)] = random.int(256);
    const decoded = decodeJpeg(damaged);
    if (decoded) expect(decoded.data.length).toBe(decoded.width * decoded.height * decoded.channels);
  }
  expectSameValues(decodeJpeg(bytes)!.data, await byLibrary(bytes, 3)); // nothing stays behind
});
