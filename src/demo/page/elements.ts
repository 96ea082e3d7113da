/** The element of the page that has an id. */
export function element<T extends Element>(id: string, type: new () => T): T {
  const found = document.getElementById(id);
  if (found instanceof type) return found;
  throw new Error(`Expected the page to have a ${type.name} named ${id}`);
}

/** What the page holds as JSON. */
export function heldJson<T>(className: string): T {
  return JSON.parse(heldText(className)) as T;
}

/** What the page holds as text; it is taken out, because it may be large. */
export function heldText(className: string): string {
  const block = document.querySelector(`script.${className}`);
  if (block === null) throw new Error(`Expected the page to hold ${className}`);
  block.remove();
  return block.textContent ?? '';
}

/** Says something to those who do not see the page, and to all others at its top. */
export function announce(text: string): void {
  element('status', HTMLElement).textContent = text;
}

/** Says why something did not work; nothing takes it away. */
export function complain(text: string | undefined): void {
  const alert = element('alert', HTMLElement);
  alert.hidden = text === undefined;
  alert.textContent = text ?? '';
}
