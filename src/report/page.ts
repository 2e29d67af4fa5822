import type { Fact } from './data.js';
import { capitalize, formatFigure, nameToWords } from './format.js';
import { html, trustedMarkup, type Content, type Markup } from './html.js';
import { styleSheet } from './style.js';

/** A part of the page that the table of contents leads to. */
export interface Section {
  /** Kebab-case, unique in the page. */
  readonly id: string;
  readonly heading: string;
  readonly body: Content;
}

/** One whole page that needs nothing from outside: neither files, nor fonts, nor scripts. */
export function page({
  title,
  kicker,
  summary,
  facts = [],
  sections,
  notes = [],
}: {
  readonly title: string;
  readonly kicker: string;
  readonly summary?: string | undefined;
  readonly facts?: readonly Fact[];
  readonly sections: readonly Section[];
  readonly notes?: readonly string[];
}): string {
  const body = html`<html lang="en">
    <head>
      <meta charset="utf-8" />
      <meta name="viewport" content="width=device-width, initial-scale=1" />
      <meta name="referrer" content="no-referrer" />
      <title>${title}</title>
      <style>
        ${trustedMarkup(styleSheet)}
      </style>
    </head>
    <body>
      <header class="top">
        <p class="kicker">${kicker}</p>
        <h1>${title}</h1>
        ${summary && html`<p class="lead">${summary}</p>`} ${facts.length > 0 && factList(facts)}
        ${
          sections.length > 1 &&
          html`<nav aria-label="Contents">
            <ol>
              ${sections.map(({ id, heading }) => html`<li><a href="#${id}">${heading}</a></li>`)}
            </ol>
          </nav>`
        }
      </header>
      <main>
        ${sections.map(
          ({ id, heading, body: content }) =>
            html`<section id="${id}" aria-labelledby="${id}-heading">
              <h2 id="${id}-heading">${heading}</h2>
              ${content}
            </section>`,
        )}
      </main>
      <footer>${notes.map((note) => html`<p>${note}</p>`)}</footer>
    </body>
  </html>`;
  return `<!doctype html>\n${squeeze(String(body))}\n`;
}

/** Labels over their values, in a grid; values that look like digests are set as code. */
export function factList(facts: readonly Fact[]): Markup {
  return html`<dl class="facts">
    ${facts.map(({ label, value }) => {
      const isCode = typeof value === 'string' && /^[0-9a-f]{12,}$/.test(value);
      const text =
        typeof value === 'number'
          ? formatFigure(value)
          : isCode && value.length > 20
            ? `${value.slice(0, 16)}…`
            : value;
      return html`<div>
        <dt>${labelOf(label)}</dt>
        <dd ${isCode && html`class="code" title="${value}"`}>${text}</dd>
      </div>`;
    })}
  </dl>`;
}

/** `learningRate` → `Learning rate`; a lone letter at the head stays as it is. */
function labelOf(label: string): string {
  const words = nameToWords(label);
  return /^\S\s/.test(words) ? words : capitalize(words);
}

/** A table under its caption; numeric columns are set flush right. */
export function table({
  caption,
  columns,
  rows,
}: {
  readonly caption: string;
  readonly columns: readonly { readonly name: string; readonly numeric?: boolean }[];
  /** The first cell heads its row. */
  readonly rows: readonly { readonly cells: readonly Content[]; readonly own?: boolean }[];
}): Markup {
  const kind = (i: number) => columns[i]?.numeric && html`class="number"`;
  return html`<div class="scroll" tabindex="0" role="group" aria-label="${caption}">
    <table>
      <caption>
        <span>${caption}</span>
      </caption>
      <thead>
        <tr>
          ${columns.map(({ name }, i) => html`<th scope="col" ${kind(i)}>${name}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          ({ cells, own }) =>
            html`<tr ${own && html`class="own"`}>
              ${cells.map((cell, i) => (i === 0 ? html`<th scope="row">${cell}</th>` : html`<td ${kind(i)}>${cell}</td>`))}
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}

/** A chart under its heading. */
export function chartCard(heading: string, chart: Content, caption?: string): Markup {
  return html`<figure class="card">
    <h4>${heading}</h4>
    ${chart} ${caption && html`<figcaption>${caption}</figcaption>`}
  </figure>`;
}

/** Line breaks and runs of blanks that only the templates' layout made; `pre` keeps its own. */
function squeeze(page: string): string {
  return page
    .split(/(<pre[^]*?<\/pre>)/)
    .map((part) => (part.startsWith('<pre') ? part : part.replace(/\s*\n\s*/g, '\n').replace(/ +>/g, '>')))
    .join('');
}
