import type { NamedVideo, QueriesReport, QueryReport } from './data.js';
import { formatCount } from './format.js';
import { pictureMarkup } from './frame-strip.js';
import { html, type Markup } from './html.js';

/** Test videos, each beside the nearest videos of the gallery, with hits and misses marked. */
export function queriesPart({ shown, total, hits }: QueriesReport): Markup | false {
  if (shown.length === 0) return false;
  return html`<h4>What searches find</h4>
    <p class="quiet">
      ${formatCount(shown.length)} of ${formatCount(total)} queries, half of them misses where there are as many; of
      all, ${formatCount(hits)} find their class in the nearest video. The first picture is the query, the others are
      the nearest videos of the gallery with the cosine of their features: ✓ is of the query's class, ✗ is not.
    </p>
    ${shown.map(queryRow)}`;
}

function queryRow({ video, rank, nearest }: QueryReport): Markup {
  const found = rank === null ? 'not found' : `found at rank ${rank}`;
  return html`<article class="card query">
    <div class="row">
      <h4>${video.name}</h4>
      <span class="quiet">${found}</span>
    </div>
    <div
      class="film"
      tabindex="0"
      role="group"
      aria-label="${video.name} of ${video.className} and ${nearest.length} nearest videos"
    >
      ${tile(video, 'own', video.className)}
      ${nearest.map((each) =>
        tile(each, each.isHit ? 'hit' : 'miss', `${each.isHit ? '✓' : '✗'} ${each.className}`, each.cosine.toFixed(3)),
      )}
    </div>
  </article>`;
}

function tile({ name, picture }: NamedVideo, kind: 'own' | 'hit' | 'miss', caption: string, cosine?: string): Markup {
  return html`<figure class="${kind}" title="${name}">
    ${picture ? pictureMarkup({ ...picture, caption: '', alt: name }) : html`<div class="blank">${name}</div>`}
    <figcaption>${caption}${cosine !== undefined && html`<br />${cosine}`}</figcaption>
  </figure>`;
}
