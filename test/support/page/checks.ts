import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { AxeResults, RunOptions } from 'axe-core';
import type { Page } from 'playwright-core';

const require = createRequire(join(process.cwd(), 'package.json'));
const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

/** What axe-core finds wrong, in short. */
export async function faults(page: Page): Promise<string[]> {
  await page.evaluate(axe);
  // All violations, and of what passes no more than is counted: half the time.
  const { violations } = await page.evaluate(() =>
    (window as unknown as { axe: { run(options: RunOptions): Promise<AxeResults> } }).axe.run({
      resultTypes: ['violations'],
    }),
  );
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary ?? ''}`),
  );
}

/** Elements that stick out of the page, or hold more than they show without a way to scroll to it. */
export function cutOff(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const found: string[] = [];
    const { clientWidth, scrollWidth } = document.documentElement;
    if (scrollWidth > clientWidth) found.push(`the page is ${scrollWidth} wide in ${clientWidth}`);
    for (const element of document.querySelectorAll<HTMLElement>('.shell *, .explore *')) {
      if (element.closest('.aside, .katex, [hidden], canvas') !== null || element.offsetParent === null)
        continue;
      const { overflowX, textOverflow } = getComputedStyle(element);
      const more = element.scrollWidth - element.clientWidth;
      const tolerated = overflowX === 'auto' || overflowX === 'scroll' || textOverflow === 'ellipsis';
      if (element.clientWidth > 0 && more > 1 && !tolerated)
        found.push(`${element.className} holds ${more} px more`);
      const { right } = element.getBoundingClientRect();
      const scroller = element.closest(
        '.heatmap-body, .compare-scroller, .plot-scroller, .numbers-scroller, .heads-scroller, .terms-scroller, .arithmetic-tex, .step-formula',
      );
      if (right > clientWidth + 1 && scroller === null) found.push(`${element.className} ends at ${right}`);
    }
    return found;
  });
}
