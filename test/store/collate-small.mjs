// A PrepareModule with a collate of its own: the batch's sum, and a random number for it.
export function prepare(sample) {
  return { label: { dtype: 'int32', shape: [], data: Int32Array.of(sample.fields.label) } };
}

export function collate(samples, { random }) {
  const sum = samples.reduce((total, { label }) => total + label.data[0], 0);
  return { sum: { dtype: 'float64', shape: [2], data: Float64Array.of(sum, random.float()) } };
}
