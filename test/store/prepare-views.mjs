// A PrepareModule for tests: hands on views of the sample's own bytes, and remembers one.
export async function prepare(sample, { loader, config }) {
  const { pixels } = sample.fields;
  const first = pixels.subarray(0, 1);
  const remembered = config.remember
    ? await loader.remember(
        sample.key,
        async () => ({ data: pixels }),
        () => 10,
      )
    : { data: pixels };
  return {
    pixels: { dtype: 'uint8', shape: [pixels.length], data: pixels },
    again: { dtype: 'uint8', shape: [pixels.length], data: remembered.data },
    first: { dtype: 'uint8', shape: [1], data: first },
  };
}
