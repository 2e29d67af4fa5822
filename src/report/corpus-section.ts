import type { VideoSource } from '../core/index.js';
import { failureCodes, formatBytes } from '../core/index.js';
import type { CorpusReport, Fact, ReportLimits, SourcePreview } from './data.js';
import { cleaningTable, copyTables } from './corpus-cleaning.js';
import { shotTimeline } from './drawing.js';
import { capitalize, countOf, formatCount, formatDuration, formatNumber, nameToWords, thin } from './format.js';
import { filmMarkup } from './frame-strip.js';
import { html, type Markup } from './html.js';
import { factList, table } from './page.js';

/** What was ingested: totals, classes, failures, and a contact sheet. */
export function corpusSection(corpus: CorpusReport, limits: ReportLimits): Markup {
  const { sources, failures, previews } = corpus;
  const byId = new Map(sources.map((source) => [source.id, source]));
  const sheet = previews.filter(({ source }) => byId.has(source)).slice(0, limits.previews);
  return html`<p class="quiet">
      Every number here was counted while decoding, not taken from a file's header. In the contact sheet, each block of
      a bar is one uncut shot; the grey shape below it is how loud the sound is, beside its loudest moment.
    </p>
    ${factList(corpusFacts(corpus))} ${classTable(sources)} ${cleaningTable(sources)} ${copyTables(corpus, limits)}
    ${failures.length > 0 && failureTables(corpus, limits)}
    ${
      sheet.length > 0 &&
      html`<h3>Contact sheet</h3>
        <p class="quiet">${countOf(sheet.length, 'video')} of ${formatCount(sources.length)}.</p>
        <div class="sheet">${sheet.map((preview) => sourceCard(byId.get(preview.source)!, preview))}</div>`
    }`;
}

/** Totals over a corpus. */
export function corpusFacts({ sources, failures, counts, digest }: Omit<CorpusReport, 'previews'>): Fact[] {
  const sum = (of: (source: VideoSource) => number) => sources.reduce((total, source) => total + of(source), 0);
  const size = sum(({ bytes }) => bytes);
  const span = (of: (source: VideoSource) => number, unit: string) => {
    const values = sources.map(of).sort((a, b) => a - b);
    const low = formatNumber(values[0] ?? 0);
    const high = formatNumber(values[values.length - 1] ?? 0);
    return values.length === 0 ? '–' : low === high ? `${low} ${unit}` : `${low} to ${high} ${unit}`;
  };
  return [
    { label: 'Videos', value: formatCount(sources.length) },
    { label: 'Length', value: formatDuration(sum(({ video }) => video.durationSeconds)) },
    { label: 'Frames', value: formatCount(sum(({ video }) => video.frames)) },
    { label: 'Shots', value: formatCount(sum(({ shots }) => shots.length)) },
    { label: 'Classes', value: formatCount(classesOf(sources).size) },
    { label: 'Height', value: span(({ video }) => video.height, 'px') },
    { label: 'Frame rate', value: span(({ video }) => Math.round(video.averageRate * 100) / 100, 'fps') },
    { label: 'With sound', value: formatCount(sources.filter(({ audio }) => audio !== null).length) },
    { label: 'Size', value: formatBytes(size, thin) },
    { label: 'Failed', value: formatCount(failures.length) },
    ...Object.entries(counts)
      .filter(([name]) => !['done', 'failed'].includes(name))
      .map(([name, count]) => ({ label: capitalize(nameToWords(name)), value: formatCount(count) })),
    { label: 'Digest', value: digest },
  ];
}

/** A source with its pictures, shots and loudness. */
export function sourceCard(source: VideoSource, { pictures, envelope }: SourcePreview): Markup {
  const { video, shots } = source;
  const name = (source.paths[0] ?? source.id).split(/[\\/]/).pop() ?? source.id;
  return html`<article class="card">
    <div class="row">
      <h4>${name}</h4>
      <span class="quiet">${formatDuration(video.durationSeconds)}</span>
    </div>
    ${pictures.length > 0 && filmMarkup(pictures, 'film')}
    <div class="curve">
      ${shotTimeline({ shots, timeBase: video.timeBase, startPts: video.startPts, endPts: video.endPts, envelope })}
    </div>
    <p class="quiet">
      ${[...classesOf([source]).keys()].map((className) => html`${className} · `)}${countOf(shots.length, 'shot')} ·
      ${video.width} × ${video.height} · ${formatNumber(Math.round(video.averageRate * 100) / 100)}
      fps${video.variableRate && ', variable'}
    </p>
  </article>`;
}

function classesOf(
  sources: readonly VideoSource[],
): Map<string, { videos: number; seconds: number; shots: number; groups: Set<string> }> {
  const classes = new Map<string, { videos: number; seconds: number; shots: number; groups: Set<string> }>();
  for (const source of sources) {
    const entries = Object.values(source.benchmarks).flat();
    for (const className of new Set(entries.map((entry) => entry.className))) {
      const one = classes.get(className) ?? { videos: 0, seconds: 0, shots: 0, groups: new Set<string>() };
      one.videos++;
      one.seconds += source.video.durationSeconds;
      one.shots += source.shots.length;
      for (const entry of entries) if (entry.className === className) one.groups.add(entry.group);
      classes.set(className, one);
    }
  }
  return classes;
}

function classTable(sources: readonly VideoSource[]): Markup | false {
  const classes = [...classesOf(sources)].sort(([a], [b]) => (a < b ? -1 : 1));
  return (
    classes.length > 0 &&
    table({
      caption:
        'Videos by class. Clips of one group come from one recording and are never split between training and test.',
      columns: [
        { name: 'Class' },
        { name: 'Videos', numeric: true },
        { name: 'Groups', numeric: true },
        { name: 'Shots', numeric: true },
        { name: 'Length', numeric: true },
      ],
      rows: classes.map(([name, { videos, groups, shots, seconds }]) => ({
        cells: [name, formatCount(videos), formatCount(groups.size), formatCount(shots), formatDuration(seconds)],
      })),
    })
  );
}

function failureTables({ failures }: CorpusReport, limits: ReportLimits): Markup {
  const byCode = new Map<string, number>();
  for (const { code } of failures) byCode.set(code, (byCode.get(code) ?? 0) + 1);
  const shown = failures.slice(0, limits.failures);
  return html`<h3>Failures</h3>
    ${table({
      caption: 'Failures by code. One bad file never ends a run, and none is silent.',
      columns: [{ name: 'Code' }, { name: 'Files', numeric: true }, { name: 'Meaning' }],
      rows: [...byCode]
        .sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1))
        .map(([code, count]) => ({
          cells: [code, formatCount(count), (failureCodes as Readonly<Record<string, string>>)[code] ?? ''],
        })),
    })}
    <details>
      <summary>${countOf(shown.length, 'failure')} of ${formatCount(failures.length)}, one by one</summary>
      ${table({
        caption: 'From the ledger',
        columns: [{ name: 'File' }, { name: 'Code' }, { name: 'Message' }, { name: 'Tries', numeric: true }],
        rows: shown.map(({ path, code, message, attempts }) => ({
          cells: [path, code, message, formatCount(attempts)],
        })),
      })}
    </details>`;
}
