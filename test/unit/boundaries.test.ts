import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';

/** Who may not import what. */
const forbidden: readonly (readonly [file: string, module: string])[] = [
  ['src/engine/tensor.ts', '../runtime/session.js'],
  ['src/engine/tensor.ts', '../protocol.js'],
  ['src/engine/tensor.ts', 'node:fs'],
  ['src/engine/ops/elementwise/add.ts', '../../../formats/npy.js'],
  ['src/engine/ops/elementwise/add.ts', 'katex'],
  ['src/runtime/session.ts', '../formats/npy.js'],
  ['src/runtime/session.ts', 'node:os'],
  ['src/runtime/session.ts', '../platform/node.js'],
  ['src/runtime/session.ts', '../models/checkpoint.js'],
  ['src/formats/npy.ts', '../runtime/session.js'],
  ['src/formats/npy.ts', '../models/checkpoint.js'],
  ['src/formats/npy.ts', 'onnxruntime-node'],
  ['src/formats/npy.ts', 'onnxruntime-web'],
  ['src/formats/npy.ts', 'node:fs/promises'],
  ['src/formats/npy.ts', 'zlib'],
  ['src/formats/npy.ts', '../platform/node.js'],
  ['src/media/image/png.ts', '../../models/checkpoint.js'],
  ['src/media/image/png.ts', '../../platform/node.js'],
  ['src/media/image/png.ts', 'node:zlib'],
  ['src/models/architectures/bidirectional/bert.ts', '../../../runtime/session.js'],
  ['src/models/checkpoint.ts', '../inspection/index.js'],
  ['src/models/checkpoint.ts', 'onnxruntime-node'],
  ['src/models/checkpoint.ts', 'node:path'],
  ['src/models/checkpoint.ts', '../platform/web.js'],
  ['src/common/values.ts', '../protocol.js'],
  ['src/hub/listing.ts', '../channel.js'],
  ['src/hub/listing.ts', '../models/config.js'],
  ['src/platform/web.ts', 'node:fs'],
  ['src/platform/web.ts', 'stream'],
  ['src/platform/files.ts', '../formats/source.js'],
  ['src/platform/node.ts', '../formats/source.js'],
  ['src/platform/node.ts', 'onnxruntime-node'],
  ['src/inspection/core/engine.ts', 'node:timers/promises'],
  ['src/inspection/core/engine.ts', '../../platform/node.js'],
  ['src/inspection/index.ts', 'node:path'],
  ['src/inspection/index.ts', '../host/panels/panel.js'],
  ['src/inspection/index.ts', '../worker.js'],
  ['src/inspection/index.ts', '../channel.js'],
  ['src/inspection/index.ts', 'vscode'],
  ['src/inspection/index.ts', 'onnxruntime-node'],
  ['src/worker.ts', './host/panels/panel.js'],
  ['src/worker.ts', './runtime/session.js'],
  ['src/worker.ts', 'vscode'],
  ['src/web-worker.ts', 'node:path'],
  ['src/web-worker.ts', './platform/node.js'],
  ['src/web-worker.ts', './runtime/session.js'],
  ['src/formats/npy.ts', '../web-worker.js'],
  ['src/host/panels/panel.ts', '../../engine/tensor.js'],
  ['src/host/panels/panel.ts', '../../inspection/index.js'],
  ['src/host/panels/panel.ts', '../../worker.js'],
  ['src/host/panels/panel.ts', '../../../webview/main.js'],
  ['src/host/panels/panel.ts', 'onnxruntime-node'],
  ['src/extension.ts', './inspection/index.js'],
  ['src/drawing/matrix.ts', '../engine/tensor.js'],
  ['src/drawing/matrix.ts', '../inspection/index.js'],
  ['src/drawing/matrix.ts', '../../webview/dom.js'],
  ['src/drawing/matrix.ts', 'vscode'],
  ['src/drawing/matrix.ts', 'node:fs'],
  ['src/library/index.ts', '../host/api.js'],
  ['src/protocol.ts', './channel.js'],
  ['src/channel.ts', './host/panels/panel.js'],
  ['src/channel.ts', 'vscode'],
  ['webview/main.ts', '../src/engine/tensor.js'],
  ['webview/views/heatmap/heatmap.ts', '../../../src/inspection/index.js'],
  ['webview/main.ts', 'vscode'],
  ['webview/main.ts', 'node:fs'],
  ['webview/main.ts', '@vscode/webview-ui-toolkit'],
  ['webview/main.ts', '@vscode-elements/elements/dist/vscode-tree/index.js'],
];

const allowed: typeof forbidden = [
  ['src/drawing/png.ts', '../platform/crc32.js'],
  ['src/library/index.ts', '../drawing/draw-heatmap.js'],
  ['webview/views/heatmap/heatmap.ts', '../../../src/drawing/heatmap-figure.js'],
  ['src/hub/listing.ts', '../common/values.js'],
  ['src/engine/ops/elementwise/add.ts', '../../tensor.js'],
  ['src/media/image/png.ts', '../../formats/untrusted.js'],
  ['src/models/processors/image/process.ts', '../../../media/image/index.js'],
  ['src/runtime/session.ts', '../engine/tensor.js'],
  ['src/runtime/session.ts', 'onnxruntime-node'],
  ['src/formats/npy.ts', '../engine/tensor.js'],
  ['src/models/architectures/bidirectional/bert.ts', '../../../engine/graph.js'],
  ['src/models/checkpoint.ts', '../formats/safetensors.js'],
  ['src/models/checkpoint.ts', '../platform/platform.js'],
  ['src/formats/source.ts', '../platform/files.js'],
  ['src/platform/node.ts', 'node:fs/promises'],
  ['src/platform/node.ts', './files.js'],
  ['src/platform/web.ts', 'fflate'],
  ['src/inspection/index.ts', '../platform/node.js'],
  ['src/worker.ts', './platform/node.js'],
  ['src/inspection/index.ts', '../models/checkpoint.js'],
  ['src/inspection/index.ts', '../protocol.js'],
  ['src/worker.ts', './inspection/index.js'],
  ['src/worker.ts', './channel.js'],
  ['src/web-worker.ts', './platform/web.js'],
  ['src/web-worker.ts', './inspection/core/engine.js'],
  ['src/host/panels/panel.ts', '../../channel.js'],
  ['src/host/panels/panel.ts', 'vscode'],
  ['src/extension.ts', './host/panels/panel.js'],
  ['webview/main.ts', '../src/channel.js'],
  ['webview/views/heatmap/heatmap.ts', '../../../src/protocol.js'],
  ['webview/controls/ui.ts', '@vscode/webview-ui-toolkit'],
];

/** Lints files of one import each, at the paths they would have, and says which imports the boundaries refuse. */
function refused(imports: typeof forbidden): string[] {
  const folder = mkdtempSync(join(tmpdir(), 'boundaries-'));
  try {
    copyFileSync('.oxlintrc.json', join(folder, '.oxlintrc.json'));
    const lines = new Map<string, string[]>();
    for (const [file, module] of imports) lines.set(file, [...(lines.get(file) ?? []), module]);
    for (const [file, modules] of lines) {
      mkdirSync(join(folder, dirname(file)), { recursive: true });
      writeFileSync(join(folder, file), modules.map((module) => `export * from '${module}';\n`).join(''));
    }
    const oxlint = join(process.cwd(), 'node_modules', 'oxlint', 'bin', 'oxlint');
    const { stdout } = spawnSync(process.execPath, [oxlint, '--format=json'], {
      cwd: folder,
      encoding: 'utf8',
      // Its type-aware half is found by the path, as npm's scripts have it.
      env: {
        ...process.env,
        PATH: `${join(process.cwd(), 'node_modules', '.bin')}${delimiter}${process.env['PATH'] ?? ''}`,
      },
    });
    const { diagnostics } = JSON.parse(stdout) as { diagnostics: readonly Diagnostic[] };
    return diagnostics
      .filter(({ code }) => code.includes('no-restricted-imports'))
      .map(({ filename, labels }) => {
        const line = labels[0]?.span.line ?? 0;
        return `${filename} → ${lines.get(filename)?.[line - 1] ?? '?'}`;
      })
      .sort();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Diagnostic {
  readonly code: string;
  readonly filename: string;
  readonly labels: readonly { readonly span: { readonly line: number } }[];
}

const written = (imports: typeof forbidden) => imports.map(([file, module]) => `${file} → ${module}`).sort();

describe('the import boundaries, held by lint', () => {
  it('refuse every import across them', () => {
    assert.deepEqual(refused(forbidden), written(forbidden));
  });

  it('allow what the architecture allows', () => {
    assert.deepEqual(refused(allowed), []);
  });
});
