import { barChart } from './chart.js';
import type { ClassesReport, ClassScoresReport } from './data.js';
import { countOf, formatCount, formatValue } from './format.js';
import { html, type Markup } from './html.js';
import { table } from './page.js';

/** Which class was taken for which: a matrix, a bar for each class, and the figures. */
export function classesPart(id: string, { names, confusion, about }: ClassesReport): Markup | false {
  const classes = names
    .map((name, i) => classOf(name, i, confusion[i] ?? [], names))
    .filter(({ answers }) => answers > 0);
  if (classes.length === 0) return false;
  return html`<h4>Class by class</h4>
    <p class="quiet">${about}</p>
    <div class="charts">
      <figure class="card">
        ${confusionMatrix(names, confusion)}
        <figcaption>
          A row for each true class, a column for each class that was named. The diagonal is right; the fuller a field,
          the larger its share of the row.
        </figcaption>
      </figure>
      ${classBars(
        id,
        'Share that is right',
        classes.map(({ name, share }) => ({ name, value: share })),
      )}
    </div>
    <details>
      <summary>${countOf(classes.length, 'class', 'classes')}, one by one</summary>
      ${table({
        caption: 'What each class is taken for',
        columns: [
          { name: 'Class' },
          { name: 'Answers', numeric: true },
          { name: 'Right', numeric: true },
          { name: 'Most often taken for' },
        ],
        rows: classes.map(({ name, answers, share, mistaken }) => ({
          cells: [name, formatCount(answers), formatValue(share, 'fraction'), mistaken],
        })),
      })}
    </details>`;
}

/** A score of each class: a bar for each, best first. */
export function classScoresPart(id: string, { what, scores }: ClassScoresReport): Markup | false {
  if (scores.length === 0) return false;
  return html`<h4>Class by class</h4>
    <div class="charts">${classBars(id, what, scores)}</div>`;
}

/** Bars of shares, best first; the best and the worst where there are too many. */
function classBars(id: string, what: string, bars: ClassScoresReport['scores']): Markup {
  const ranked = [...bars].sort((a, b) => b.value - a.value);
  const shown = ranked.length <= mostBars ? ranked : [...ranked.slice(0, mostBars / 2), ...ranked.slice(-mostBars / 2)];
  const told =
    ranked.length <= mostBars ? 'every class' : `the ${mostBars / 2} best and the ${mostBars / 2} worst classes`;
  return html`<figure class="card bars">
    ${barChart({
      id: `${id}-classes`,
      description: `${what}, of ${told}: ${shown.map(({ name, value }) => `${name} ${formatValue(value, 'fraction')}`).join(', ')}.`,
      bars: shown,
      tone: 'accent',
      percent: true,
    })}
    <figcaption>${what}, of ${told}.</figcaption>
  </figure>`;
}

const mostBars = 30;
/** More classes than this have neither numbers nor words in the matrix. */
const mostLabels = 30;
const mostNumbers = 12;

function classOf(name: string, own: number, row: readonly number[], names: readonly string[]) {
  const answers = row.reduce((sum, count) => sum + count, 0);
  const wrong = row
    .map((count, i) => ({ count, name: names[i] ?? '' }))
    .filter(({ count }, i) => i !== own && count > 0)
    .sort((a, b) => b.count - a.count)
    .slice(0, 2);
  const share = answers === 0 ? 0 : (row[own] ?? 0) / answers;
  return { name, answers, share, mistaken: wrong.map((each) => `${each.name} ${formatCount(each.count)}`).join(', ') };
}

/** Counts as fields of a square, each row in shares of its sum; numbers and names where there are few classes. */
function confusionMatrix(names: readonly string[], confusion: ClassesReport['confusion']): Markup {
  const count = names.length;
  const isLabelled = count <= mostLabels;
  const field = Math.max(3, Math.min(34, Math.floor(320 / count)));
  const font = Math.min(13, Math.max(7, field - 3));
  const longest = names.reduce((length, { length: own }) => Math.max(length, own), 0);
  const left = isLabelled ? Math.ceil(12 + (longest + 3) * font * 0.58) : 4;
  const top = isLabelled ? font + 8 : 4;
  const rows = confusion.map((row) => ({ row, sum: row.reduce((a, b) => a + b, 0) }));
  const right = rows.reduce((sum, { row }, i) => sum + (row[i] ?? 0), 0);
  const total = rows.reduce((sum, { sum: own }) => sum + own, 0);
  const side = count * field;
  return html`<svg
    class="confusion"
    viewBox="0 0 ${left + side + 4} ${top + side + 4}"
    role="img"
    aria-label="Confusion matrix of ${count} classes: ${right} of ${total} answers are right. The table below names the mistakes."
  >
    <rect x="${left}" y="${top}" width="${side}" height="${side}" fill="var(--grid)" fill-opacity=".55" />
    ${rows.map(({ row, sum }, i) =>
      row.map(
        (value, j) =>
          value > 0 &&
          fieldMarkup({
            x: left + j * field,
            y: top + i * field,
            field,
            value,
            share: value / sum,
            isRight: i === j,
            font: count <= mostNumbers ? font : 0,
          }),
      ),
    )}
    ${
      isLabelled &&
      names.map(
        (name, i) =>
          html`<text
              x="${left - 5}"
              y="${top + (i + 0.5) * field + font * 0.35}"
              text-anchor="end"
              font-size="${font}"
              fill="var(--ink)"
              >${name} ${i + 1}</text
            ><text
              x="${left + (i + 0.5) * field}"
              y="${top - 5}"
              text-anchor="middle"
              font-size="${font}"
              fill="var(--soft)"
              >${i + 1}</text
            >`,
      )
    }
  </svg>`;
}

function fieldMarkup({
  x,
  y,
  field,
  value,
  share,
  isRight,
  font,
}: {
  readonly x: number;
  readonly y: number;
  readonly field: number;
  readonly value: number;
  readonly share: number;
  readonly isRight: boolean;
  /** 0: no number. */
  readonly font: number;
}): Markup {
  const gap = field > 8 ? 1 : 0;
  return html`<rect
      x="${x}"
      y="${y}"
      width="${field - gap}"
      height="${field - gap}"
      fill="var(--${isRight ? 'accent' : 'warm'})"
      fill-opacity="${(0.12 + 0.6 * share).toFixed(2)}"
    />${font > 0 && html`<text x="${x + field / 2}" y="${y + field / 2 + font * 0.35}" text-anchor="middle" font-size="${font}" fill="var(--ink)">${value}</text>`}`;
}
