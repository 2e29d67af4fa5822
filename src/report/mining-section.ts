import { rejectionCodes } from '../core/index.js';
import { barChart } from './chart.js';
import type { DatasetReport, Fact, ReportLimits } from './data.js';
import { countOf, formatCount, formatTime } from './format.js';
import { pictureMarkup, stripCard } from './frame-strip.js';
import { html, type Markup } from './html.js';
import { factList } from './page.js';

/** What one signal gave: samples as strips of frames, and why candidates were refused. */
export function miningSection(dataset: DatasetReport, id: string, limits: ReportLimits): Markup {
  const strips = dataset.strips.slice(0, limits.stripsPerDataset);
  const samples = dataset.samples;
  const hasCurves = strips.some(({ curve }) => curve !== undefined);
  return html`${factList(withDigest(dataset))}
  ${
    strips.length > 0 &&
    html`<h3>
        ${strips.length < (samples ?? 0) && html`${formatCount(strips.length)} of `}${countOf(samples ?? strips.length, 'sample')}
      </h3>
      ${
        hasCurves &&
        html`<p class="quiet">
          The curve is what its axis names, over the time around the sample; the shaded stretch is what was chosen, and
          the marks are the frames beside it.
        </p>`
      }
      ${strips.map(stripCard)}`
  }
  ${rejections(dataset, id, limits)}`;
}

function withDigest({ facts, digest }: DatasetReport): readonly Fact[] {
  return facts.some(({ value }) => value === digest) ? facts : [...facts, { label: 'Digest', value: digest }];
}

function rejections({ rejections, places }: DatasetReport, id: string, limits: ReportLimits): Markup {
  const refused = Object.entries(rejections).filter(([, count]) => count > 0);
  if (refused.length === 0)
    return html`<h3>Refused candidates</h3>
      <p>None.</p>`;
  const total = refused.reduce((sum, [, count]) => sum + count, 0);
  const meanings = rejectionCodes as Readonly<Record<string, string>>;
  const list = refused.map(([code, count]) => `${code} ${formatCount(count)}`).join(', ');
  const shown = refused.map(([code]) => ({
    code,
    at: places.filter((place) => place.code === code).slice(0, limits.placesPerCode),
  }));
  return html`<h3>Refused candidates: ${formatCount(total)}</h3>
    <figure class="card bars">
      ${barChart({
        id: `${id}-rejections`,
        description: `Refused candidates by reason: ${list}.`,
        bars: refused.map(([name, value]) => ({ name, value })),
      })}
    </figure>
    ${shown
      .filter(({ at }) => at.length > 0)
      .map(
        ({ code, at }) =>
          html`<h3>${code}${meanings[code] && html` <span class="quiet">– ${meanings[code]}</span>`}</h3>
            <ul class="places">
              ${at.map(
                (place) =>
                  html`<li>
                    ${place.picture && pictureMarkup(place.picture)}<span class="code">${place.source}</span>
                    <span class="quiet">${formatTime(place.startSeconds)} to ${formatTime(place.endSeconds)}</span>
                  </li>`,
              )}
            </ul>`,
      )}`;
}
