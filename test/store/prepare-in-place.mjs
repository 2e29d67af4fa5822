// A PrepareModule for tests: what prepare-small.mjs gives, filled in place and with pixels that are remembered.
import { prepare as prepareSmall } from './prepare-small.mjs';

export async function prepare(sample, context) {
  const { loader } = context;
  const arrays = prepareSmall(sample, context);
  const kept = await loader.remember(
    sample.key,
    async () => ({ data: arrays.pixels.data.slice() }),
    () => 16,
  );
  const { dtype, shape } = arrays.pixels;
  const data = loader.room('pixels', dtype, shape);
  data.set(kept.data);
  const noise = loader.room('noise', 'float32', []);
  noise[0] = arrays.noise.data[0];
  loader.room('never used', 'uint8', [7]);
  loader.room('label', 'float32', []); // the label comes from elsewhere after all
  return { ...arrays, pixels: { dtype, shape, data }, noise: { dtype: 'float32', shape: [], data: noise } };
}
