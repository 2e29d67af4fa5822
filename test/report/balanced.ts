const voidElements = new Set(['meta', 'img', 'br', 'hr', 'link', 'input']);

/** What a strict reader of the page finds: every element in document order, and what is wrong with its nesting. */
export interface CheckedMarkup {
  readonly elements: readonly { readonly name: string; readonly attributes: Readonly<Record<string, string>> }[];
  readonly faults: readonly string[];
}

/** Reads markup character by character; every tag must be closed in order, every attribute quoted, every `<` a tag. */
export function checkMarkup(page: string): CheckedMarkup {
  const elements: { name: string; attributes: Record<string, string> }[] = [];
  const faults: string[] = [];
  const open: string[] = [];
  let at = page.toLowerCase().startsWith('<!doctype html>') ? '<!doctype html>'.length : 0;
  while (at < page.length) {
    const next = page.indexOf('<', at);
    if (next < 0) break;
    const inside = open.at(-1);
    if (inside === 'style' || inside === 'script') {
      at = page.indexOf(`</${inside}>`, at);
      if (at < 0) return { elements, faults: [...faults, `<${inside}> is not closed`] };
      open.pop();
      at += inside.length + 3;
      continue;
    }
    const tag = /^<(\/?)([A-Za-z][A-Za-z0-9-]*)((?:\s+[A-Za-z_:][-A-Za-z0-9_:.]*="[^"<]*")*)\s*(\/?)>/.exec(
      page.slice(next, next + 4_000_000),
    );
    if (!tag) {
      faults.push(`not a tag: ${page.slice(next, next + 60)}`);
      at = next + 1;
      continue;
    }
    const [whole, slash, name = '', attributeText = '', selfClosed] = tag;
    if (slash === '/') {
      const expected = open.pop();
      if (expected !== name) faults.push(`</${name}> closes <${expected ?? 'nothing'}>`);
    } else {
      const attributes: Record<string, string> = {};
      for (const [, key = '', value = ''] of attributeText.matchAll(/([-A-Za-z0-9_:.]+)="([^"]*)"/g)) {
        if (key in attributes) faults.push(`${key} twice in <${name}>`);
        attributes[key] = value;
      }
      elements.push({ name, attributes });
      if (selfClosed !== '/' && !voidElements.has(name)) open.push(name);
    }
    at = next + whole.length;
  }
  if (open.length > 0) faults.push(`left open: ${open.join(', ')}`);
  const ids = elements.flatMap(({ attributes }) => (attributes['id'] === undefined ? [] : [attributes['id']]));
  for (const id of new Set(ids))
    if (ids.filter((one) => one === id).length > 1) faults.push(`id ${id} is used more than once`);
  return { elements, faults };
}
