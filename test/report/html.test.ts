import { describe, expect, it } from 'vitest';
import { escapeHtml, html, trustedMarkup } from '../../src/report/html.js';
import { checkMarkup } from './balanced.js';

describe('html', () => {
  it('escapes text, numbers and lists, and lets markup stand', () => {
    const inner = html`<b>${'<i>'}</b>`;
    expect(String(html`<p title="${'"x" & \'y\''}">${['a<b', 3, inner]}${null}${undefined}${false}</p>`)).toBe(
      '<p title="&#34;x&#34; &#38; &#39;y&#39;">a&#60;b3<b>&#60;i&#62;</b></p>',
    );
  });

  it('shows zero and the empty text as what they are', () => {
    expect(String(html`[${0}|${''}]`)).toBe('[0|]');
  });

  it('leaves no way from a value into markup, whatever the value', () => {
    const hostile = ['</script><script>', '" onload="x', "' onload='x", '<!--', ']]>', '`', '&lt;', '\u0000<\u0007'];
    for (const text of hostile) {
      const { elements, faults } = checkMarkup(String(html`<p title="${text}">${text}</p>`));
      expect(faults).toEqual([]);
      expect(elements.map(({ name, attributes }) => [name, Object.keys(attributes)])).toEqual([['p', ['title']]]);
    }
  });

  it('does not take a plain object that looks like markup for markup', () => {
    const fake = { markup: '<script>', toString: () => '<script>' };
    expect(() => String(html`${fake as never}`)).toThrow();
    expect(String(trustedMarkup('<b>'))).toBe('<b>');
  });

  it('replaces characters that a page may not hold', () => {
    expect(escapeHtml('a\u0000b\u001fc\u0085d\te\n')).toBe('a\ufffdb\ufffdc\ufffdd\te\n');
  });
});

describe('checkMarkup, which judges our pages', () => {
  it('finds what is wrong', () => {
    expect(checkMarkup('<p><b></p></b>').faults).toHaveLength(2);
    expect(checkMarkup('<p>a < b</p>').faults).toHaveLength(1);
    expect(checkMarkup('<p title=x></p>').faults).not.toEqual([]);
    expect(checkMarkup('<div>').faults).toEqual(['left open: div']);
    expect(checkMarkup('<p id="a"></p><p id="a"></p>').faults).toEqual(['id a is used more than once']);
    expect(checkMarkup('<p a="1" a="2"></p>').faults).toEqual(['a twice in <p>']);
  });
});
