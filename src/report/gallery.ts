import type { VideoSource } from '../core/index.js';
import { sourceCard } from './corpus-section.js';
import type { Fact, FrameStrip, SourcePreview } from './data.js';
import { countOf, formatCount } from './format.js';
import { stripCard } from './frame-strip.js';
import { html } from './html.js';
import { page, type Section } from './page.js';

/** What `inspect --html` shows of a corpus, dataset or run. */
export interface GalleryData {
  readonly title: string;
  readonly summary?: string;
  readonly facts: readonly Fact[];
  /** Sources with their shots, where a corpus is shown. */
  readonly sources?: readonly { readonly source: VideoSource; readonly preview: SourcePreview }[];
  /** Samples as the miner draws them, where a dataset is shown. */
  readonly strips?: readonly FrameStrip[];
  /** How many there are in all, where only some are shown. */
  readonly total?: number;
}

/** One self-contained page of pictures. */
export function renderGallery({ title, summary, facts, sources = [], strips = [], total }: GalleryData): string {
  const ofAll = (shown: number) =>
    total !== undefined && total > shown && html`<p class="quiet">${formatCount(shown)} of ${formatCount(total)}.</p>`;
  const sections: Section[] = [];
  if (sources.length > 0) {
    sections.push({
      id: 'sources',
      heading: countOf(sources.length, 'source'),
      body: html`${ofAll(sources.length)}
        <div class="sheet">${sources.map(({ source, preview }) => sourceCard(source, preview))}</div>`,
    });
  }
  if (strips.length > 0) {
    sections.push({
      id: 'samples',
      heading: countOf(strips.length, 'sample'),
      body: html`${ofAll(strips.length)}${strips.map(stripCard)}`,
    });
  }
  if (sections.length === 0)
    sections.push({ id: 'nothing', heading: 'Nothing to show', body: html`<p>There are no pictures here.</p>` });
  return page({ title, kicker: 'Reelmine gallery', summary, facts, sections });
}
