import type { Browser, LaunchOptions } from 'playwright-core';

export function findChromium(): string;
export function launchBrowser(options?: LaunchOptions): Promise<Browser>;
