/** Pages as templates whose parts are escaped: names of files and classes may hold anything. */

/** Text that is HTML already. */
export class Html {
  constructor(readonly text: string) {}
}

export type Part = Html | string | number | null | undefined | false | readonly Part[];

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** HTML of a template; of its parts only Html is taken as it is. Attributes must be in quotes. */
export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Html {
  const texts = strings.map((text, place) => (place === 0 ? '' : textOf(parts[place - 1])) + text);
  return new Html(texts.join(''));
}

/** HTML that this program made itself. */
export function trusted(text: string): Html {
  return new Html(text);
}

/** A value for the page's script, as a block that a browser does not run. */
export function jsonBlock(className: string, value: unknown): Html {
  const json = JSON.stringify(value).replaceAll('<', '\\u003c');
  return html`<script type="application/json" class="${className}">${trusted(json)}</script>`;
}

/** A long text for the page's script that has no `<`, such as bytes in base64. */
export function textBlock(className: string, text: string): Html {
  return html`<script type="text/plain" class="${className}">${trusted(text)}</script>`;
}

function textOf(part: Part): string {
  if (part === null || part === undefined || part === false) return '';
  if (part instanceof Html) return part.text;
  if (Array.isArray(part)) return part.map(textOf).join('');
  return String(part).replaceAll(/[&<>"']/g, (character) => ESCAPES[character] as string);
}
