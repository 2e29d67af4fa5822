import { tf, type StereoModel } from '../engine/index.js';
import { resizeRgb } from '../vision/index.js';
import type { PictureDrawer } from './predict-pictures.js';

/**
 * Both eyes side by side, the right one made from the left, and the two for red and cyan glasses. The model sees the picture at its own size; what it
 * says of depth is brought to the picture's, so that the eyes are as sharp as the picture.
 */
export function stereoDrawer(model: StereoModel): PictureDrawer {
  return {
    draw(rgb, width, height) {
      const right = makeRight(model, rgb, width, height);
      const both = new Uint8Array(2 * rgb.length);
      for (let y = 0; y < height; y++) {
        both.set(rgb.subarray(3 * y * width, 3 * (y + 1) * width), 6 * y * width);
        both.set(right.subarray(3 * y * width, 3 * (y + 1) * width), 6 * y * width + 3 * width);
      }
      const glasses = Uint8Array.from(right, (value, i) => (i % 3 === 0 ? rgb[i]! : value));
      return { data: both, width: 2 * width, height, also: { anaglyph: { data: glasses, width, height } } };
    },
  };
}

function makeRight(model: StereoModel, rgb: Uint8Array, width: number, height: number): Uint8Array {
  const small = resizeRgb(rgb, width, height, model.width, model.height);
  const disparity = tf.tidy(() => {
    const left = tf.tensor(Float32Array.from(small), [1, model.height, model.width, 3]);
    return model.seeRight(left).disparity.dataSync() as Float32Array;
  });
  const out = new Uint8Array(rgb.length);
  const scale = width / model.width;
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      const d = scale * between(disparity, model, (x + 0.5) / scale - 0.5, ((y + 0.5) * model.height) / height - 0.5);
      const at = Math.min(width - 1, Math.max(0, x + d));
      const low = Math.floor(at);
      const share = at - low;
      const [a, b] = [3 * (y * width + low), 3 * (y * width + Math.min(width - 1, low + 1))];
      for (let c = 0; c < 3; c++) out[3 * i + c] = Math.round(rgb[a + c]! * (1 - share) + rgb[b + c]! * share);
    }
  }
  return out;
}

/** Linear between the values of a map, its edge repeated. */
function between(map: Float32Array, { width, height }: StereoModel, x: number, y: number): number {
  const [u, v] = [Math.min(width - 1, Math.max(0, x)), Math.min(height - 1, Math.max(0, y))];
  const [left, top] = [Math.floor(u), Math.floor(v)];
  const [right, below] = [Math.min(width - 1, left + 1), Math.min(height - 1, top + 1)];
  const upper = map[top * width + left]! + (map[top * width + right]! - map[top * width + left]!) * (u - left);
  const lower = map[below * width + left]! + (map[below * width + right]! - map[below * width + left]!) * (u - left);
  return upper + (lower - upper) * (v - top);
}
