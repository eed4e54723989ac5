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
