import 'katex/dist/katex.min.css';
import katex from 'katex';

/**
 * Typesets TeX into an element. What cannot be typeset is shown as the text that it is;
 * commands that make links, images or styles are refused, and what expands without end is cut off.
 */
export function renderTex(tex: string, element: HTMLElement): void {
  try {
    katex.render(tex, element, {
      throwOnError: true,
      trust: false,
      strict: 'ignore',
      output: 'htmlAndMathml',
      maxSize: 8,
      maxExpand: 300,
    });
    element.classList.remove('tex-failed');
  } catch {
    element.textContent = tex;
    element.classList.add('tex-failed');
  }
}

/** What a typeset formula says, as plain text, for where a formula's own MathML is not read. */
export function spokenTex(element: HTMLElement): string {
  const formula = element.querySelector('math semantics > :first-child');
  return (formula ?? element).textContent ?? '';
}
