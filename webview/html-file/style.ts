/** The style sheet of a self-contained page. Hashed as it stands, so nothing is put into it. */
export const style = `
:root { color-scheme: light; }
body { margin: 0 auto; padding: 24px; max-width: 1240px; background: #ffffff; color: #1f1f1f; font: 14px/1.5 system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', Arial, sans-serif; }
h1 { font-size: 19px; margin: 0; }
h2 { font-size: 15px; margin: 0 0 8px; }
.muted { color: #5f5f5f; }
header p { margin: 2px 0 0; }
main { display: flex; flex-wrap: wrap; gap: 32px; align-items: flex-start; margin-top: 20px; }
.heads { border-collapse: separate; border-spacing: 3px; }
.heads th { font-weight: 400; font-size: 11px; color: #5f5f5f; padding: 0 3px; }
.heads button { display: block; padding: 0; border: 1px solid #c8c8c8; background: none; width: 32px; height: 32px; cursor: pointer; }
.heads button canvas { display: block; width: 100%; height: 100%; image-rendering: pixelated; }
.heads button[aria-pressed='true'] { outline: 2px solid #005fb8; outline-offset: 1px; }
.heads button:focus-visible, #stage:focus-visible { outline: 3px solid #005fb8; outline-offset: 1px; }
.picture { min-width: 0; }
.chart { display: grid; grid-template-columns: auto auto; grid-template-rows: auto auto; justify-content: start; margin-top: 10px; }
#columns { grid-column: 2; display: flex; align-items: flex-end; min-height: 16px; padding-bottom: 5px; }
#columns span { flex: 1 1 0; min-width: 0; writing-mode: vertical-rl; transform: rotate(180deg); font-size: 12px; line-height: 1.1; white-space: nowrap; max-height: 150px; overflow: hidden; display: flex; align-items: center; }
#rows { display: flex; flex-direction: column; text-align: right; padding-right: 6px; min-width: 16px; }
#rows span { flex: 1 1 0; min-height: 0; font-size: 12px; line-height: 1; display: flex; align-items: center; justify-content: flex-end; white-space: nowrap; max-width: 180px; overflow: hidden; }
#stage { position: relative; border: 1px solid #c8c8c8; touch-action: none; cursor: crosshair; }
#matrix { position: absolute; inset: 0; width: 100%; height: 100%; image-rendering: pixelated; }
#marker { position: absolute; box-sizing: border-box; border: 2px solid #005fb8; pointer-events: none; }
#marker[hidden] { display: none; }
#bar { width: 180px; height: 10px; border: 1px solid #c8c8c8; }
.legend { display: flex; gap: 8px; align-items: center; margin-top: 12px; font-size: 12px; }
#readout { min-height: 1.5em; margin: 8px 0 0; }
.steps { margin: 28px 0 0; padding: 0; list-style: none; }
.steps li { border-top: 1px solid #e3e3e3; padding: 10px 0; }
.steps h3 { font-size: 14px; margin: 0; }
.steps p { margin: 2px 0; }
.formula { overflow-x: auto; font-size: 17px; padding: 4px 0; }
footer { margin-top: 24px; font-size: 12px; color: #5f5f5f; }
`;
