import type { SourceScores, VideoSource } from '../core/index.js';
import type { CorpusReport, ReportLimits } from './data.js';
import { countOf, formatCount, formatNumber } from './format.js';
import { html, type Markup } from './html.js';
import { table } from './page.js';

/** What is shown of the scores of videos: a name, how to read it, and where it lies. */
const scoreRows: readonly { readonly name: string; readonly meaning: string; readonly of: keyof SourceScores }[] = [
  { name: 'Black', meaning: 'share of black frames', of: 'black' },
  { name: 'Slideshow', meaning: 'share of time in still pictures', of: 'slideshow' },
  { name: 'Talking head', meaning: 'motion in the middle of a picture that stands still', of: 'talkingHead' },
  { name: 'Overlay', meaning: 'share of the picture under logos and subtitles', of: 'overlay' },
];

/** How the scores of a corpus are spread, its letterboxes, and the shots that its rules keep from miners. */
export function cleaningTable(sources: readonly VideoSource[]): Markup | false {
  const scored = sources.flatMap(({ scores }) => (scores ? [scores] : []));
  if (scored.length === 0) return false;
  const rows = [
    ...scoreRows.map(({ name, meaning, of }) =>
      row(
        name,
        meaning,
        scored.map((scores) => scores[of]),
      ),
    ),
    row(
      'Motion',
      'mean luma difference of neighbouring frames, 0–255',
      sources.map(({ motion }) => motion),
    ),
  ];
  const boxed = sources.filter(({ shots }) => shots.some(({ crop }) => crop !== null)).length;
  const unusable = sources.flatMap(({ shots }) => shots.flatMap((shot) => (shot.unusable ? [shot.unusable] : [])));
  const reasons = [...new Set(unusable)]
    .sort()
    .map((reason) => `${unusable.filter((it) => it === reason).length} ${reason}`);
  return html`<h3>Cleaning</h3>
    ${table({
      caption: 'What was measured of each video while its shots were found. Rules of the corpus judge it.',
      columns: [
        { name: 'Score' },
        { name: 'Meaning' },
        { name: 'Middle', numeric: true },
        { name: 'Highest tenth from', numeric: true },
        { name: 'Highest', numeric: true },
      ],
      rows,
    })}
    <p class="quiet">
      ${countOf(boxed, 'video')} with bars around the picture.
      ${unusable.length > 0 && html`${countOf(unusable.length, 'shot')} kept from miners: ${reasons.join(', ')}.`}
    </p>`;
}

function row(name: string, meaning: string, values: readonly number[]): { readonly cells: readonly string[] } {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number) =>
    formatNumber(Math.round(sorted[Math.floor(share * (sorted.length - 1))]! * 1000) / 1000);
  return { cells: [name, meaning, at(0.5), at(0.9), at(1)] };
}

/** Copies that were found, and the overlap with a test list where one was asked for. */
export function copyTables({ duplicates = [], leakage, sources }: CorpusReport, limits: ReportLimits): Markup {
  const names = new Map(sources.map(({ id, paths }) => [id, paths[0] ?? id]));
  const copies = duplicates.slice(0, limits.failures);
  const overlaps = leakage?.overlaps.slice(0, limits.failures) ?? [];
  return html`${
    copies.length > 0 &&
    html`<h3>Duplicates</h3>
      ${table({
        caption: `${formatCount(copies.length)} of ${countOf(duplicates.length, 'copy', 'copies')}. A near copy differs by so many of 64 bits at the same moments.`,
        columns: [
          { name: 'Copy' },
          { name: 'Of' },
          { name: 'Kind' },
          { name: 'Bits', numeric: true },
          { name: 'What became of it' },
        ],
        rows: copies.map(({ path, kept, kind, distance, mirrored, dropped }) => ({
          cells: [
            path,
            names.get(kept) ?? kept,
            mirrored ? `${kind}, mirrored` : kind,
            formatNumber(distance),
            kind === 'exact' ? 'another place of the same source' : dropped === false ? 'reported' : 'dropped',
          ],
        })),
      })}`
  }
  ${
    leakage &&
    html`<h3>Leakage</h3>
      <p class="quiet">
        ${formatCount(new Set(leakage.overlaps.map(({ source }) => source)).size)} of
        ${countOf(leakage.sources, 'source')} overlap ${countOf(leakage.clips, 'clip')} of
        ${leakage.against}${leakage.split !== null && `, split ${leakage.split}`}.
      </p>
      ${
        overlaps.length > 0 &&
        table({
          caption: `${formatCount(overlaps.length)} of ${countOf(leakage.overlaps.length, 'overlap')}`,
          columns: [{ name: 'Source' }, { name: 'Test clip' }, { name: 'Kind' }, { name: 'Seconds', numeric: true }],
          rows: overlaps.map(({ path, clip, kind, mirrored, overlapSeconds }) => ({
            cells: [
              path,
              clip,
              mirrored ? `${kind}, mirrored` : kind,
              formatNumber(Math.round(overlapSeconds * 10) / 10),
            ],
          })),
        })
      }`
  }`;
}
