import { stringify } from 'yaml';
import type { FieldSpec } from '../../core/index.js';
import type { ExportContext } from './define-exporter.js';
import type { ExportedFile } from './export-file.js';

/** Sizes as the Hugging Face Hub sorts datasets by. */
const sizes: readonly (readonly [below: number, name: string])[] = [
  [1e3, 'n<1K'],
  [1e4, '1K<n<10K'],
  [1e5, '10K<n<100K'],
  [1e6, '100K<n<1M'],
  [1e7, '1M<n<10M'],
  [1e8, '10M<n<100M'],
  [Infinity, '100M<n<1B'],
];

/**
 * The `README.md` of an exported dataset: what the Hugging Face Hub reads (in its head), and what people do.
 *
 * @param layout `pattern`: which files are the split's; `features`: types of the columns, where the files do not say them;
 * `reading`: lines of Python that open it.
 *
 * Source: Hugging Face, "Dataset Cards", and "Data files Configuration" for `configs`.
 */
export function datasetCard(
  { dataset, licences }: Pick<ExportContext, 'dataset' | 'licences'>,
  files: readonly ExportedFile[],
  layout: {
    readonly format: string;
    readonly split: string;
    readonly pattern: string;
    readonly features?: readonly object[];
    readonly leftOut?: Readonly<Record<string, string>>;
  },
): string {
  const { header, digest } = dataset;
  const samples = files.reduce((sum, file) => sum + file.samples, 0);
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  const { format, split, pattern, features, leftOut = {} } = layout;
  const head = stringify({
    license: 'other',
    license_name: 'terms-of-the-source-videos',
    pretty_name: `${header.signal}, mined by Reelmine`,
    tags: ['video', 'self-supervised', 'reelmine', header.signal],
    size_categories: [sizes.find(([below]) => samples < below)![1]],
    configs: [{ config_name: 'default', data_files: [{ split, path: pattern }] }],
    ...(features
      ? { dataset_info: { features, splits: [{ name: split, num_examples: samples, num_bytes: bytes }] } }
      : {}),
  });
  const left = Object.entries(leftOut).map(([name, why]) => `- \`${name}\` is left out: ${why}.`);
  return `---
${head}---

# ${header.signal}

${samples} samples of the signal \`${header.signal}\` (version ${header.signalVersion}), mined from video by Reelmine ${header.toolVersion} and exported as ${format}.

- Digest of the dataset: \`${digest}\`
- Digest of the corpus: \`${header.corpusDigest}\`
- Decoder: ${header.decoder.name} ${header.decoder.version}; seed ${header.seed}
- Every sample says its \`source\` (an id from the video's content), \`shot\`, and \`pts\`: presentation times in ticks of \`timeBase\` seconds.

## Fields

| field | type | shape |
|---|---|---|
${Object.entries(header.spec).map(describeField).join('\n')}
${left.length > 0 ? `\n${left.join('\n')}\n` : ''}
## Licence

The samples are pieces of videos and stay under the terms of these. ${licenceText(licences)}
Whoever shares this folder must have the right to share the videos, and should name their authors.

## Settings

\`\`\`json
${JSON.stringify(header.config, null, 2)}
\`\`\`
`;
}

function describeField([name, { dtype, shape, optional }]: readonly [string, FieldSpec]): string {
  const size = shape.length === 0 ? 'one value' : `[${shape.map((length) => length ?? '?').join(', ')}]`;
  return `| \`${name}\` | ${dtype} | ${size}${optional ? ', may be absent' : ''} |`;
}

function licenceText(licences: ExportContext['licences']): string {
  if (!licences) return 'Which these are is not said here: export with `--corpus` to list them.';
  const list = [...licences].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, count]) => `${name} (${count})`);
  return `Licences of the videos, as the corpus gives them, and their numbers: ${list.join(', ')}.`;
}
