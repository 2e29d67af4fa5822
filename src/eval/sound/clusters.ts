/** A frame that was asked, as far as clusters go. */
interface Asked {
  readonly source: string;
  readonly label: number;
}

/**
 * A line for each cluster: its share of the frames and, where clusters were asked for, of those the share that is told rightly; and one for
 * all: how many nats of surprise a frame's cluster holds, by itself and once its source is known (near 0 where a video has one sound, which
 * its microphone alone may give away).
 *
 * @param scores of each frame; null where they are not of clusters.
 */
export function describeClusters(
  asked: readonly Asked[],
  scores: readonly ArrayLike<number>[] | null,
): readonly Readonly<Record<string, number>>[] {
  const labels = [...new Set(asked.map(({ label }) => label))].sort((a, b) => a - b);
  const rows = labels.map((label) => {
    const own = [...asked.keys()].filter((i) => asked[i]!.label === label);
    const row = { label, frames: own.length, share: own.length / asked.length };
    if (!scores) return row;
    return { ...row, recall: own.filter((i) => bestOf(scores[i]!) === label).length / own.length };
  });
  const sources = [...new Set(asked.map(({ source }) => source))];
  const givenSource = sources.reduce((sum, source) => {
    const own = asked.filter((one) => one.source === source).map(({ label }) => label);
    return sum + (entropy(own) * own.length) / asked.length;
  }, 0);
  const labelEntropy = entropy(asked.map(({ label }) => label));
  return [...rows, { frames: asked.length, labelEntropy, labelEntropyGivenSource: givenSource }];
}

function entropy(labels: readonly number[]): number {
  const counts = new Map<number, number>();
  for (const label of labels) counts.set(label, (counts.get(label) ?? 0) + 1);
  return [...counts.values()].reduce((sum, count) => {
    const share = count / labels.length;
    return sum - share * Math.log(share);
  }, 0);
}

function bestOf(scores: ArrayLike<number>): number {
  let best = 0;
  for (let c = 1; c < scores.length; c++) if (scores[c]! > scores[best]!) best = c;
  return best;
}
