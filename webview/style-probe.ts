/**
 * The toolkit's foundation finds out whether `:focus-visible` is known by putting an empty style element on the page, as
 * soon as it is imported. A strict content security policy reports that as a violation. Until `endStyleProbe` is called,
 * what is made as a style element is an inert one with a style sheet of its own: the question is answered all the same.
 */
const { createElement } = document;

function inert(): HTMLElement {
  const element = createElement.call(document, 'template');
  return Object.assign(element, { sheet: new CSSStyleSheet() });
}

document.createElement = (name: string, options?: ElementCreationOptions): HTMLElement =>
  name === 'style' ? inert() : createElement.call(document, name, options);

export function endStyleProbe(): void {
  document.createElement = createElement;
}
