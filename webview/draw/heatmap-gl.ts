import type { Slice } from '../../src/protocol.js';
import { isMasked, maskedBelow } from '../../src/drawing/colors/colormap.js';
import type { Layer, Painter, UseOfWebGL } from './painter.js';
import { hatched, hatchPitch, hatchWidth, resize } from './painter.js';
import type { Spread } from '../../src/drawing/colors/scale.js';
import { decades, spreadEnds } from '../../src/drawing/colors/scale.js';

const vertexShader = `#version 300 es
void main() {
  // One triangle that covers the canvas.
  gl_Position = vec4(vec2(gl_VertexID == 1 ? 3.0 : -1.0, gl_VertexID == 2 ? 3.0 : -1.0), 0.0, 1.0);
}`;

const fragmentShader = `#version 300 es
precision highp float;
precision highp int;
precision highp sampler2D;
uniform sampler2D overview;
uniform sampler2D detail;
uniform sampler2D colors;
// Column start, row start, column end, row end, in cells; empty where there is none.
uniform vec4 overviewPart;
uniform vec4 detailPart;
// The cell at the upper left corner, and device pixels a cell.
uniform vec2 corner;
uniform vec2 scale;
uniform float height;
// The ends of the scale, spread out as the numbers are.
uniform vec2 range;
// 0 even, 1 by roots, 2 by powers of ten below the second number.
uniform int spread;
uniform float reach;
// What each row is multiplied by, and how many columns before each are left out: as many texels a line as there are at most.
uniform sampler2D rowFactors;
uniform sampler2D leftOut;
uniform bvec2 own;
uniform vec3 masked;
uniform vec3 hatch;
// Pitch and width of the diagonals; pitch 0 for none.
uniform vec2 lines;
out vec4 color;

bool within(vec4 part, vec2 place) {
  return all(greaterThanEqual(place, part.xy)) && all(lessThan(place, part.zw));
}

const float nothing = ${maskedBelow.toExponential()} * 1.1;

float line(sampler2D numbers, int index) {
  int width = textureSize(numbers, 0).x;
  return texelFetch(numbers, ivec2(index % width, index / width), 0).r;
}

float at(sampler2D slice, vec4 part, vec2 place) {
  ivec2 size = textureSize(slice, 0);
  ivec2 texel = min(ivec2(floor((place - part.xy) / (part.zw - part.xy) * vec2(size))), size - 1);
  float value = texelFetch(slice, texel, 0).r;
  if (value < ${maskedBelow.toExponential()}) return value;
  vec2 each = (part.zw - part.xy) / vec2(size);
  if (own.y) {
    float start = line(leftOut, int(floor(part.x + float(texel.x) * each.x)));
    float end = line(leftOut, int(ceil(part.x + float(texel.x + 1) * each.x)));
    if (end > start) return nothing;
  }
  if (own.x) {
    float row = min(part.w - 1.0, floor(part.y + (float(texel.y) + 0.5) * each.y));
    float factor = line(rowFactors, int(row));
    if (factor < 0.0) return nothing;
    value *= factor;
  }
  return value;
}

float spreadOut(float value) {
  if (spread == 0) return value;
  float size = abs(value);
  if (spread == 1) return sign(value) * sqrt(size);
  return size == 0.0 ? 0.0 : sign(value) * max(0.0, 1.0 + log2(size / reach) / ${(decades * Math.log2(10)).toFixed(9)});
}

void main() {
  vec2 pixel = vec2(gl_FragCoord.x, height - gl_FragCoord.y);
  vec2 place = corner + pixel / scale;
  float value = nothing;
  if (within(detailPart, place)) value = at(detail, detailPart, place);
  else if (within(overviewPart, place)) value = at(overview, overviewPart, place);
  if (value < ${maskedBelow.toExponential()}) {
    bool striped = lines.x > 0.0 && mod(floor(pixel.x) + floor(pixel.y) + 1.0, lines.x) < lines.y;
    color = vec4(striped ? hatch : masked, 1.0);
  } else {
    float t = clamp((spreadOut(value) - range.x) / (range.y - range.x), 0.0, 1.0);
    color = texelFetch(colors, ivec2(int(floor(t * 255.0 + 0.5)), 0), 0);
  }
}`;

const spreads: Readonly<Record<Spread, number>> = { linear: 0, power: 1, logarithmic: 2 };

/** Texels a line of what belongs to rows or columns: no texture has too few. */
const lineWidth = 2048;

interface Held {
  readonly slice: Slice;
  texture: WebGLTexture | null;
}

/** Numbers of all rows or columns, in a texture. */
interface Line {
  of: Float32Array | null;
  texture: WebGLTexture | null;
}

/** A slice's numbers as a texture takes them: what is masked becomes a number that no shader confuses. */
function uploadable(data: Float32Array): Float32Array {
  if (!data.some(isMasked)) return data;
  return data.map((value) => (isMasked(value) ? maskedBelow * 1.1 : value));
}

/** Names of renderers that have the processor do a graphics card's work. */
const byProcessor = /swiftshader|llvmpipe|softpipe|software|basic render/i;
/** Whether this page's WebGL is such a one; null until it has been looked at. */
let isSlow: boolean | null = null;

function isByProcessor(gl: WebGL2RenderingContext): boolean {
  const names = gl.getExtension('WEBGL_debug_renderer_info');
  return byProcessor.test(String(gl.getParameter(names?.UNMASKED_RENDERER_WEBGL ?? gl.RENDERER)));
}

/**
 * Draws with WebGL 2, or is null where there is none, or only a slow one: a page waits for each frame that the processor draws in
 * the place of a graphics card. A lost context comes back with all that it showed; `repaint` is then asked for.
 */
export function glPainter(use: Exclude<UseOfWebGL, 'never'>, repaint: () => void): Painter | null {
  if (use === 'fast' && isSlow === true) return null;
  const canvas = document.createElement('canvas');
  const gl = canvas.getContext('webgl2', {
    alpha: false,
    antialias: false,
    depth: false,
    stencil: false,
    failIfMajorPerformanceCaveat: use === 'fast',
  });
  if (gl === null) return null;
  isSlow ??= isByProcessor(gl);
  if (use === 'fast' && isSlow) {
    gl.getExtension('WEBGL_lose_context')?.loseContext();
    return null;
  }

  const held: Record<Layer, Held | null> = { overview: null, detail: null };
  let program: WebGLProgram | null = null;
  let uniforms = new Map<string, WebGLUniformLocation | null>();
  let colors: WebGLTexture | null = null;
  let colorsOf: Uint8ClampedArray | null = null;
  const lines: Record<'rows' | 'leftOut', Line> = {
    rows: { of: null, texture: null },
    leftOut: { of: null, texture: null },
  };

  function texture(): WebGLTexture | null {
    const made = gl?.createTexture() ?? null;
    if (gl === null || made === null) return null;
    gl.bindTexture(gl.TEXTURE_2D, made);
    for (const name of [gl.TEXTURE_MIN_FILTER, gl.TEXTURE_MAG_FILTER]) {
      gl.texParameteri(gl.TEXTURE_2D, name, gl.NEAREST);
    }
    for (const name of [gl.TEXTURE_WRAP_S, gl.TEXTURE_WRAP_T]) {
      gl.texParameteri(gl.TEXTURE_2D, name, gl.CLAMP_TO_EDGE);
    }
    return made;
  }

  function upload(entry: Held): void {
    if (gl === null || gl.isContextLost()) return;
    const [height = 0, width = 0] = entry.slice.shape;
    entry.texture = texture();
    gl.pixelStorei(gl.UNPACK_ALIGNMENT, 4);
    const data = uploadable(entry.slice.data);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.R32F, width, height, 0, gl.RED, gl.FLOAT, data);
  }

  /** What belongs to rows or columns, wrapped into lines; NaN as a number that no factor is. */
  function uploadLine(line: Line, of: Float32Array | null): void {
    if (gl === null || (line.of === of && line.texture !== null)) return;
    gl.deleteTexture(line.texture);
    line.texture = texture();
    line.of = of;
    const numbers = of ?? new Float32Array(1);
    const height = Math.max(1, Math.ceil(numbers.length / lineWidth));
    const padded = new Float32Array(height * lineWidth);
    padded.set(numbers.map((value) => (Number.isNaN(value) ? -1 : value)));
    gl.pixelStorei(gl.UNPACK_ALIGNMENT, 4);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.R32F, lineWidth, height, 0, gl.RED, gl.FLOAT, padded);
  }

  /** Compiles and uploads everything: at first, and after a loss. */
  function prepare(): boolean {
    if (gl === null) return false;
    const made = gl.createProgram();
    for (const [type, source] of [
      [gl.VERTEX_SHADER, vertexShader],
      [gl.FRAGMENT_SHADER, fragmentShader],
    ] as const) {
      const shader = gl.createShader(type);
      if (shader === null) return false;
      gl.shaderSource(shader, source);
      gl.compileShader(shader);
      gl.attachShader(made, shader);
      gl.deleteShader(shader);
    }
    gl.linkProgram(made);
    if (gl.getProgramParameter(made, gl.LINK_STATUS) !== true) return false;
    program = made;
    uniforms = new Map();
    colors = null;
    colorsOf = null;
    for (const line of Object.values(lines)) Object.assign(line, { of: null, texture: null });
    for (const entry of [held.overview, held.detail]) if (entry !== null) upload(entry);
    return true;
  }

  if (!prepare()) return null;

  const lost = (event: Event): void => {
    event.preventDefault();
    program = null;
  };
  const restored = (): void => {
    if (prepare()) repaint();
  };
  canvas.addEventListener('webglcontextlost', lost);
  canvas.addEventListener('webglcontextrestored', restored);

  const uniform = (name: string): WebGLUniformLocation | null => {
    if (program !== null && !uniforms.has(name)) uniforms.set(name, gl.getUniformLocation(program, name));
    return uniforms.get(name) ?? null;
  };
  const part = (entry: Held | null): [number, number, number, number] =>
    entry === null || entry.texture === null
      ? [0, 0, 0, 0]
      : [entry.slice.columns.start, entry.slice.rows.start, entry.slice.columns.end, entry.slice.rows.end];

  return {
    kind: 'webgl',
    canvas,
    largest: Number(gl.getParameter(gl.MAX_TEXTURE_SIZE)) || 2048,
    set: (layer, slice) => {
      if (held[layer]?.slice === slice) return;
      gl.deleteTexture(held[layer]?.texture ?? null);
      const entry = slice === null ? null : { slice, texture: null };
      held[layer] = entry;
      if (entry !== null) upload(entry);
    },
    paint: (picture) => {
      const { frame, viewport, ratio, scale, masked, hatch } = picture;
      resize(canvas, frame.width, frame.height, ratio);
      if (program === null || gl.isContextLost()) return;
      if (colorsOf !== scale.table) {
        gl.deleteTexture(colors);
        colors = texture();
        const bytes = new Uint8Array(scale.table);
        gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA8, 256, 1, 0, gl.RGBA, gl.UNSIGNED_BYTE, bytes);
        colorsOf = scale.table;
      }
      uploadLine(lines.rows, scale.rows);
      uploadLine(lines.leftOut, scale.leftOut);
      gl.viewport(0, 0, canvas.width, canvas.height);
      gl.useProgram(program);
      const textures = [
        held.overview?.texture,
        held.detail?.texture,
        colors,
        lines.rows.texture,
        lines.leftOut.texture,
      ];
      for (const [unit, bound] of textures.entries()) {
        gl.activeTexture(gl.TEXTURE0 + unit);
        gl.bindTexture(gl.TEXTURE_2D, bound ?? null);
      }
      gl.uniform1i(uniform('overview'), 0);
      gl.uniform1i(uniform('detail'), 1);
      gl.uniform1i(uniform('colors'), 2);
      gl.uniform1i(uniform('rowFactors'), 3);
      gl.uniform1i(uniform('leftOut'), 4);
      gl.uniform2i(uniform('own'), Number(scale.rows !== null), Number(scale.leftOut !== null));
      gl.uniform1i(uniform('spread'), spreads[scale.spread]);
      gl.uniform1f(uniform('reach'), Math.max(Math.abs(scale.low), Math.abs(scale.high)));
      gl.uniform4fv(uniform('overviewPart'), part(held.overview));
      gl.uniform4fv(uniform('detailPart'), part(held.detail));
      gl.uniform2f(uniform('corner'), viewport.left, viewport.top);
      gl.uniform2f(uniform('scale'), viewport.scaleX * ratio, viewport.scaleY * ratio);
      gl.uniform1f(uniform('height'), canvas.height);
      gl.uniform2f(uniform('range'), ...spreadEnds(scale));
      gl.uniform3fv(
        uniform('masked'),
        masked.map((channel) => channel / 255),
      );
      gl.uniform3fv(
        uniform('hatch'),
        hatch.map((channel) => channel / 255),
      );
      gl.uniform2f(uniform('lines'), hatched(picture) ? hatchPitch * ratio : 0, hatchWidth * ratio);
      gl.drawArrays(gl.TRIANGLES, 0, 3);
    },
    dispose: () => {
      canvas.removeEventListener('webglcontextlost', lost);
      canvas.removeEventListener('webglcontextrestored', restored);
      held.overview = null;
      held.detail = null;
      gl.getExtension('WEBGL_lose_context')?.loseContext();
      canvas.remove();
    },
  };
}
