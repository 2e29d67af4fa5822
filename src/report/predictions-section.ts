import type { PredictionsReport } from './data.js';
import { countOf, formatCount } from './format.js';
import { pictureMarkup } from './frame-strip.js';
import { html, type Markup } from './html.js';
import { factList } from './page.js';

/** What models draw of videos: futures beside what came, masks over pictures; the clips play. */
export function predictionsSection(predictions: readonly PredictionsReport[]): Markup {
  return html`${predictions.map(
    ({ name, facts, videos, total = videos.length }) =>
      html`<h3>${name}</h3>
        ${facts.length > 0 && factList(facts)}
        <p class="quiet">
          ${videos.length < total && html`${formatCount(videos.length)} of `}${countOf(total, 'video')}.
        </p>
        <div class="charts">
          ${videos.map(
            ({ title, picture, facts: own }) =>
              html`<figure class="card drawn">
                <h4>${title}</h4>
                ${pictureMarkup(picture)}
                <figcaption>${picture.caption}</figcaption>
                ${own.length > 0 && factList(own)}
              </figure>`,
          )}
        </div>`,
  )}`;
}
