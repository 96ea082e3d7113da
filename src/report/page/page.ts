/** A page of one file: it opens from a disk, without a network and without a server. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PACKAGE_ROOT, packageVersion } from '../../package-root.js';
import { colourStyle } from '../charts/colours.js';
import { type Html, html, type Part, trusted } from './html.js';

export interface Section {
  /** For links inside the page. */
  readonly id: string;
  readonly title: string;
  readonly body: Html;
}

export interface Page {
  readonly title: string;
  /** Below the title: what it is about and what there is to know first. */
  readonly head: Part;
  readonly sections: readonly Section[];
  /** What runs in the page; that of reports where it is left out. */
  readonly program?: Program;
}

export interface Program {
  readonly script: string;
  /** Added to the style of all pages. */
  readonly style: string;
  /** What the script may do besides running: directives of a content security policy. */
  readonly permissions: Readonly<Record<string, string>>;
  /** Elements of the head. */
  readonly head: Part;
  /** Blocks that the script reads. */
  readonly data: Part;
}

/** The page as text. */
export function pageText({ title, head, sections, program = live() }: Page): string {
  const style = colourStyle() + pageAsset('page.css') + program.style;
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy(program)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="generator" content="cnn ${packageVersion()}">
${program.head}<title>${title}</title>
<style>${trusted(style)}</style>
</head>
<body>
<header><h1>${title}</h1>${head}
<nav aria-label="Sections"><ul>${sections.map(({ id, title: name }) => html`<li><a href="#${id}">${name}</a></li>`)}</ul></nav>
</header>
<main>${sections.map(sectionOf)}</main>
<footer><p>Written by cnn ${packageVersion()}. This file needs no network.</p></footer>
${program.data}<script type="module">${trusted(program.script)}</script>
</body>
</html>
`.text;
}

function live(): Program {
  return { script: pageAsset('live.js'), style: '', permissions: {}, head: '', data: '' };
}

function sectionOf({ id, title, body }: Section): Html {
  return html`
<section id="${id}" aria-labelledby="${id}-title"><h2 id="${id}-title">${title}</h2>
${body}</section>`;
}

/** Nothing is loaded, and no script runs but that of this program. */
function policy({ script, permissions }: Program): string {
  const hash = createHash('sha256').update(script).digest('base64');
  const { 'script-src': scripts = '', ...others } = permissions;
  const directives = {
    'default-src': "'none'",
    'img-src': 'data:',
    'style-src': "'unsafe-inline'",
    'script-src': `'sha256-${hash}' ${scripts}`.trim(),
    ...others,
    'base-uri': "'none'",
    'form-action': "'none'",
  };
  return Object.entries(directives)
    .map(([name, sources]) => `${name} ${sources}`)
    .join('; ');
}

/** Files of the page that editors know as what they are; they are packed with the sources. */
function pageAsset(name: string): string {
  return readFileSync(join(PACKAGE_ROOT, 'src/report/page', name), 'utf8');
}
