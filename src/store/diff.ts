import { canonicalJson, sha256 } from '../core/index.js';
import { headerDifferences } from './dataset-file.js';
import { openDataset, type Dataset } from './dataset.js';
import { encodeSample } from './sample-codec.js';

const namedAtMost = 20;

/**
 * Sentences that say what differs between two closed datasets: settings, samples that only one has, samples and labels with other bytes,
 * artefacts; none when they hold the same.
 *
 * @throws StoreError as `openDataset` does.
 */
export async function diffDatasets(a: string, b: string): Promise<readonly string[]> {
  const left = await openDataset(a);
  try {
    const right = await openDataset(b);
    try {
      return await compare(left, right);
    } finally {
      await right.close();
    }
  } finally {
    await left.close();
  }
}

async function compare(a: Dataset, b: Dataset): Promise<string[]> {
  const settings = headerDifferences(a.header, b.header).map((text) => `settings: ${text}`);
  if (a.digest === b.digest) return settings;
  const differing = createList();
  const onlyA = createList();
  const onlyB = createList();
  const labels = createList();
  const right = hashedSamples(b);
  let other = await right.next();
  for await (const { key, hash } of hashedSamples(a)) {
    while (!other.done && Buffer.compare(Buffer.from(other.value.key), Buffer.from(key)) < 0) {
      onlyB.add(other.value.key);
      other = await right.next();
    }
    if (other.done || other.value.key !== key) onlyA.add(key);
    else {
      if (other.value.hash !== hash) differing.add(key);
      if (canonicalJson(a.label(key)) !== canonicalJson(b.label(key))) labels.add(key);
      other = await right.next();
    }
  }
  for (; !other.done; other = await right.next()) onlyB.add(other.value.key);
  return [
    ...settings,
    ...onlyA.describe(`only in ${a.dir}`),
    ...onlyB.describe(`only in ${b.dir}`),
    ...differing.describe('has other values'),
    ...labels.describe('has another label'),
    ...compareArtefacts(a, b),
  ];
}

async function* hashedSamples(dataset: Dataset): AsyncGenerator<{ readonly key: string; readonly hash: string }> {
  for await (const sample of dataset.samples())
    yield { key: sample.key, hash: sha256(encodeSample(dataset.header.spec, sample)) };
}

function compareArtefacts(a: Dataset, b: Dataset): string[] {
  const [left, right] = [a.artefacts(), b.artefacts()];
  return [...new Set([...Object.keys(left), ...Object.keys(right)])].sort().flatMap((name) => {
    const [x, y] = [left[name], right[name]];
    if (!x || !y) return [`artefact ${name} is only in ${x ? a.dir : b.dir}`];
    const bytes = ({ data }: typeof x) => Buffer.from(data.buffer, data.byteOffset, data.byteLength);
    const same = x.dtype === y.dtype && x.shape.join() === y.shape.join() && bytes(x).equals(bytes(y));
    return same ? [] : [`artefact ${name} has other values`];
  });
}

function createList(): { add(key: string): void; describe(what: string): string[] } {
  const named: string[] = [];
  let count = 0;
  return {
    add(key) {
      if (count++ < namedAtMost) named.push(key);
    },
    describe(what) {
      const more = count - named.length;
      return [...named.map((key) => `${key} ${what}`), ...(more > 0 ? [`${more} more samples: ${what}`] : [])];
    },
  };
}
