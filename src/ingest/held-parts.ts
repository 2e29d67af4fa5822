import type { Chosen } from './choose.js';
import type { CorpusFile } from './manifest.js';

/** What `corpus.json` says of a job that was split, or stopped. */
type HeldParts = Pick<CorpusFile, 'parts' | 'unfinished'>;

/** Which parts of a job a corpus holds after a run, and whether that has yet to end what it began: `merge` asks for it. */
export function heldParts(
  earlier: HeldParts | null,
  {
    part,
    isRetry,
    isStopped,
  }: { readonly part: Chosen['part']; readonly isRetry: boolean; readonly isStopped: boolean },
): HeldParts {
  const unfinished = isStopped || (isRetry && earlier?.unfinished) ? { unfinished: true as const } : {};
  if (isRetry) return { ...(earlier?.parts ? { parts: earlier.parts } : {}), ...unfinished };
  const before = earlier ? earlier.parts : [];
  if (!part || !before) return unfinished; // it holds the whole
  return { parts: [...new Set([...before, `${part.index + 1}/${part.count}`])].sort(), ...unfinished };
}

/** What corpora hold together of jobs that were split, and what of these is missing; of a job that is whole nothing is said. */
export function uniteParts(
  corpora: readonly { readonly dir: string; readonly file: HeldParts }[],
): HeldParts & { readonly missing: readonly string[] } {
  const namesIn = (some: typeof corpora) => new Set(some.flatMap(({ file }) => file.parts ?? []));
  const finished = namesIn(corpora.filter(({ file }) => !file.unfinished));
  const counts = new Set([...namesIn(corpora)].map((name) => Number(name.split('/')[1])));
  const jobs = [...counts]
    .sort((a, b) => a - b)
    .map((count) => Array.from({ length: count }, (_, i) => `${i + 1}/${count}`));
  const split = jobs.filter((names) => names.some((name) => !finished.has(name)));
  const held = split.flat().filter((name) => finished.has(name));
  const stopped = corpora.filter(({ file }) => file.unfinished && !file.parts).map(({ dir }) => dir);
  return {
    ...(held.length > 0 ? { parts: held } : {}),
    ...(stopped.length > 0 || (split.length > 0 && held.length === 0) ? { unfinished: true as const } : {}),
    missing: [...split.flat().filter((name) => !finished.has(name)), ...stopped],
  };
}
