// A PrepareModule for tests: the sample's pixels, a random number, and where it stands.
export function prepare(sample, { random, slot, position, mode, config }) {
  if (config.failOn === sample.key) throw new RangeError(`Cannot prepare ${sample.key}.`);
  const { pixels, label } = sample.fields;
  return {
    pixels: { dtype: 'uint8', shape: [4, 4], data: pixels },
    noise: { dtype: 'float32', shape: [], data: Float32Array.of(random.float()) },
    place: { dtype: 'int32', shape: [3], data: Int32Array.of(slot, position, mode === 'train' ? 1 : 0) },
    label: {
      dtype: 'int32',
      shape: config.ragged ? [label] : [],
      data: new Int32Array(config.ragged ? label : 1).fill(label),
    },
  };
}
