/** Text that is markup already. Only `html` and `trustedMarkup` make it, so plain data can never pass for it. */
export class Markup {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  /** The markup as text. */
  toString(): string {
    return this.#text;
  }
}

/** What `html` takes: text and numbers are escaped, markup and lists of it stand as they are, nothing gives nothing. */
export type Content = string | number | Markup | null | undefined | false | readonly Content[];

/** Markup from a template; every value in it is escaped for element content and for quoted attributes. */
export function html(strings: TemplateStringsArray, ...values: readonly Content[]): Markup {
  let text = strings[0] ?? '';
  values.forEach((value, i) => {
    text += render(value) + (strings[i + 1] ?? '');
  });
  return new Markup(text);
}

/** Marks text as markup without escaping it: for what this area itself generates, never for data. */
export function trustedMarkup(text: string): Markup {
  return new Markup(text);
}

/** Text in which no character has a meaning of its own in HTML. Characters that HTML forbids become U+FFFD. */
export function escapeHtml(text: string): string {
  return text
    .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\ufffe\uffff]/g, '\ufffd')
    .replace(/[&<>"'`]/g, (character) => `&#${character.charCodeAt(0)};`);
}

function render(value: Content): string {
  if (value === null || value === undefined || value === false) return '';
  if (value instanceof Markup) return value.toString();
  if (typeof value === 'object') return value.map(render).join('');
  return escapeHtml(String(value));
}
