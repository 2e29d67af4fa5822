import { rejectionCodes } from '../core/index.js';
import { barChart } from './chart.js';
import type { ClassYield, DatasetReport, Fact, ReportLimits } from './data.js';
import { countOf, formatCount, formatTime } from './format.js';
import { pictureMarkup, stripCard } from './frame-strip.js';
import { html, type Markup } from './html.js';
import { factList, table } from './page.js';

/** What one signal gave: samples as strips of frames, and why candidates were refused. */
export function miningSection(dataset: DatasetReport, id: string, limits: ReportLimits): Markup {
  const strips = dataset.strips.slice(0, limits.stripsPerDataset);
  const samples = dataset.samples;
  const hasCurves = strips.some(({ curve }) => curve !== undefined);
  const hasWindows = strips.some(({ curve }) => curve?.window !== undefined);
  const small = strips.every(({ curve, pictures }) => curve === undefined && pictures.length < 2);
  return html`${factList(withDigest(dataset))}
  ${
    strips.length > 0 &&
    html`<h3>
        ${strips.length < (samples ?? 0) && html`${formatCount(strips.length)} of `}${countOf(samples ?? strips.length, 'sample')}
      </h3>
      ${
        hasCurves &&
        html`<p class="quiet">
          ${
            hasWindows
              ? 'The curve is what its axis names, over the time around the sample; the shaded stretch is what was chosen, and the marks are the frames beside it.'
              : 'The curve is what its axis names, over the time of the sample.'
          }
        </p>`
      }
      ${small ? html`<div class="sheet">${strips.map(stripCard)}</div>` : strips.map(stripCard)}`
  }
  ${rejections(dataset, id, limits)} ${classTable(dataset)}`;
}

const shownCodes = 3;
const mostClasses = 200;

/** Samples of each class, and what most of its other candidates were refused for. */
function classTable({ classes = [] }: DatasetReport): Markup | false {
  if (classes.length === 0) return false;
  const without = classes.filter(({ samples }) => samples === 0).length;
  const reasons = ({ rejections }: ClassYield): string =>
    Object.entries(rejections)
      .sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1))
      .slice(0, shownCodes)
      .map(([code, count]) => `${code} ${formatCount(count)}`)
      .join(', ');
  return html`<h3>By class</h3>
    ${table({
      caption: `${countOf(classes.length, 'class', 'classes')}, ${formatCount(without)} of them without a sample.`,
      columns: [
        { name: 'Class' },
        { name: 'Videos', numeric: true },
        { name: 'Samples', numeric: true },
        { name: 'Refused most often' },
      ],
      rows: classes.slice(0, mostClasses).map((each) => ({
        cells: [each.name, formatCount(each.sources), formatCount(each.samples), reasons(each)],
      })),
    })}`;
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
                    ${place.picture && pictureMarkup(place.picture)}<span class="code" title="${place.source}"
                      >${fileOf(place.source)}</span
                    >
                    <span class="quiet">${formatTime(place.startSeconds)} to ${formatTime(place.endSeconds)}</span>
                  </li>`,
              )}
            </ul>`,
      )}`;
}

/** The last part of a path: where it lies says nothing to who reads the page, and does not fit. */
function fileOf(path: string): string {
  return path.slice(path.replaceAll('\\', '/').lastIndexOf('/') + 1);
}
