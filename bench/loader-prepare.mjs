// The prepare module of loader.bench.mjs: pairs of patches as they are, or cropped, flipped and recoloured as float32.
import { takeRoom } from '../dist/core/index.js';
import { cutPicture } from '../dist/vision/augment.js';
import { cutOf, drawAugmentation } from '../dist/vision/augment-draw.js';

const settings = { ownSize: true, mirror: 0.5, brightness: 0.4, contrast: 0.4, saturation: 0.4, hue: 0.1 };

export function prepare({ fields }, { config: { work, side, crop }, random, loader }) {
  const { patches } = fields;
  if (work === 'raw') return { patches: { dtype: 'uint8', shape: [2, side, side, 3], data: patches } };
  const shape = [2, crop, crop, 3];
  const data = takeRoom(loader, 'patches', 'float32', shape);
  const length = data.length / 2;
  for (let i = 0; i < 2; i++) {
    const bytes = side * side * 3;
    const picture = { data: patches.subarray(i * bytes, (i + 1) * bytes), width: side, height: side, channels: 3 };
    const draw = drawAugmentation(random, settings, { width: side, height: side, toWidth: crop, toHeight: crop });
    const { colour, ...cut } = cutOf(draw, picture);
    const scaled = colour.map((value) => value / 255);
    const out = data.subarray(i * length, (i + 1) * length);
    cutPicture(picture, { ...cut, colour: scaled }, { width: crop, height: crop, out });
  }
  return { patches: { dtype: 'float32', shape, data } };
}
