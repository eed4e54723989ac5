import { createHash } from 'node:crypto';
import type { Page } from 'playwright-core';
import { until } from './until.js';

/** The page as a PNG, once it looks the same twice. */
export async function stillPicture(page: Page): Promise<Buffer> {
  let before: Buffer | undefined;
  let now = await page.screenshot();
  await until('a picture that stays', async () => {
    before = now;
    now = await page.screenshot();
    return now.equals(before);
  });
  return now;
}

/** What a picture depends on besides the page: the browser, and how its fonts are drawn. */
export interface Drawing {
  readonly browser: string;
  /** By family: a digest of a specimen as it is drawn here, which another version or another smoothing changes. */
  readonly fonts: Readonly<Record<string, string>>;
}

/** How this machine draws the fonts that a page is shown in. */
export async function drawingOf(page: Page, blank: Page): Promise<Drawing> {
  const fonts: Record<string, string> = {};
  for (const family of await familiesOf(page)) {
    await blank.setContent(
      `<p style="font: 13px '${family}'; width: 480px">The quick brown fox jumps over the lazy dog. 0123456789 × √ ᵀ → − … ·</p>`,
    );
    fonts[family] = createHash('sha256')
      .update(await blank.screenshot({ clip: { x: 0, y: 0, width: 500, height: 60 } }))
      .digest('hex')
      .slice(0, 16);
  }
  return { browser: page.context().browser()?.version() ?? 'unknown', fonts };
}

/** The fonts of this machine that the page’s text is drawn in; those that come with the page are part of it. */
async function familiesOf(page: Page): Promise<string[]> {
  const client = await page.context().newCDPSession(page);
  try {
    await client.send('DOM.enable');
    await client.send('CSS.enable');
    const { root } = await client.send('DOM.getDocument', { depth: 0 });
    const { nodeIds } = await client.send('DOM.querySelectorAll', {
      nodeId: root.nodeId,
      selector: 'body *',
    });
    const families = new Set<string>();
    for (const nodeId of nodeIds) {
      const { fonts } = await client.send('CSS.getPlatformFontsForNode', { nodeId });
      for (const { familyName, isCustomFont } of fonts) if (!isCustomFont) families.add(familyName);
    }
    return [...families].sort();
  } finally {
    await client.detach();
  }
}
