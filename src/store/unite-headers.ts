import { ConfigError, type DatasetHeader } from '../core/index.js';
import { headerDifferences } from './dataset-file.js';

/** Which parts of a job a dataset holds: `1,3/4`. */
interface Parts {
  readonly held: readonly number[];
  readonly of: number;
}

/** What the datasets of one job have in common. */
export interface UnitedHeader {
  readonly header: DatasetHeader;
  /** Parts of the job that none of them holds, as `3/4`. */
  readonly missing: readonly string[];
}

/**
 * The header of the parts of one job together: without `part` where all are there, else with those that are, as `1,3/4`.
 *
 * @param datasets at least one; `isWhole` false: a part that is not finished counts as missing.
 * @throws ConfigError `other-header` naming what differs, `nothing-to-merge`.
 */
export function uniteHeaders(
  datasets: readonly { readonly dir: string; readonly header: DatasetHeader; readonly isWhole: boolean }[],
): UnitedHeader {
  const [first] = datasets;
  if (!first) throw new ConfigError('There is nothing to merge.', { code: 'nothing-to-merge' });
  const common = withoutPart(first.header);
  for (const { dir, header } of datasets) {
    const differing = headerDifferences(common, withoutPart(header));
    if (differing.length === 0) continue;
    throw new ConfigError(`${first.dir} and ${dir} are not parts of one job: ${differing.join(', ')}.`, {
      code: 'other-header',
      context: { dirs: [first.dir, dir], differing },
    });
  }
  const parts = datasets.map(({ dir, header }) => partsOf(dir, header));
  const counts = [...new Set(parts.flatMap((part) => (part ? [part.of] : [])))];
  if (counts.length > 1) {
    throw new ConfigError(`The folders are parts of jobs of ${counts.join(' and ')} parts; merge each job by itself.`, {
      code: 'other-header',
      context: { counts },
    });
  }
  const [of = 1] = counts;
  const hasAll = datasets.some(({ isWhole }, i) => isWhole && parts[i] === null);
  const held = new Set(datasets.flatMap(({ isWhole }, i) => (isWhole ? (parts[i]?.held ?? []) : [])));
  const all = Array.from({ length: of }, (_, i) => i + 1);
  const missing = hasAll ? [] : all.filter((part) => !held.has(part));
  const whole = missing.length === 0;
  const present = all.filter((part) => held.has(part));
  const selection = whole ? common.selection : { ...common.selection, part: `${present.join()}/${of}` };
  return { header: { ...common, selection }, missing: missing.map((part) => `${part}/${of}`) };
}

function withoutPart(header: DatasetHeader): DatasetHeader {
  const selection = Object.fromEntries(Object.entries(header.selection).filter(([name]) => name !== 'part'));
  return { ...header, selection };
}

function partsOf(dir: string, { selection }: DatasetHeader): Parts | null {
  const text = selection['part'];
  if (text === undefined) return null;
  const match = typeof text === 'string' ? /^([\d,]*)\/(\d+)$/.exec(text) : null;
  if (!match) {
    throw new ConfigError(`${dir} names its part in a way that is not known: ${JSON.stringify(text)}.`, {
      code: 'other-header',
      context: { dir },
    });
  }
  return {
    held: match[1]!
      .split(',')
      .filter((part) => part !== '')
      .map(Number),
    of: Number(match[2]),
  };
}
