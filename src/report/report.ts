import { corpusSection } from './corpus-section.js';
import type { ReportData, ReportLimits } from './data.js';
import { html, type Markup } from './html.js';
import { miningSection } from './mining-section.js';
import { page, type Section } from './page.js';
import { predictionsSection } from './predictions-section.js';
import { resultsSection } from './results-section.js';
import { trainingSection } from './training-section.js';

/** What a page shows where the caller asks for nothing else. */
export const defaultLimits: ReportLimits = {
  previews: 24,
  stripsPerDataset: 8,
  placesPerCode: 4,
  failures: 50,
  points: 400,
};

/** One self-contained page for a run, or a comparison of several. The same data always gives the same text. */
export function renderReport(data: ReportData, limits: Partial<ReportLimits> = {}): string {
  const {
    title,
    summary,
    madeAt,
    facts = [],
    corpus,
    datasets = [],
    runs = [],
    results = [],
    predictions = [],
    commands = [],
    notes = [],
  } = data;
  const all = { ...defaultLimits, ...limits };
  const sections: Section[] = [];
  if (results.length > 0) sections.push({ id: 'results', heading: 'Results', body: resultsSection(results) });
  if (predictions.length > 0)
    sections.push({ id: 'drawn', heading: 'What models draw', body: predictionsSection(predictions) });
  if (corpus) sections.push({ id: 'corpus', heading: 'The videos', body: corpusSection(corpus, all) });
  datasets.forEach((dataset, i) => {
    const id = `mined-${i + 1}`;
    sections.push({ id, heading: `Mined: ${dataset.signal}`, body: miningSection(dataset, id, all) });
  });
  if (runs.length > 0) {
    sections.push({
      id: 'training',
      heading: runs.length > 1 ? `Training, ${runs.length} runs` : 'Training',
      body: trainingSection(runs, all),
    });
  }
  if (commands.length > 0) sections.push({ id: 'repeat', heading: 'How to repeat this', body: commandList(commands) });
  return page({
    title,
    kicker: 'Reelmine report',
    summary,
    facts: madeAt === undefined ? facts : [{ label: 'Made', value: madeAt }, ...facts],
    sections,
    notes,
  });
}

function commandList(commands: NonNullable<ReportData['commands']>): Markup {
  return html`${commands.map(
    ({ purpose, command }) =>
      html`<p>${purpose}</p>
        <pre tabindex="0"><code>${command}</code></pre>`,
  )}`;
}
