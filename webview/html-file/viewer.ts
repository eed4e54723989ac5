import type { FileContents, FileMatrix, FileStep } from './contents.js';

/**
 * The script of a self-contained page. It is written into the file as text, so it uses nothing but its own names and the browser's.
 * @param contents what the page shows
 */
export function viewer(contents: FileContents): void {
  const found = <T extends Element>(id: string, type: new () => T): T => {
    const element = document.getElementById(id);
    if (!(element instanceof type)) throw new Error(`The page has no ${id}.`);
    return element;
  };
  const bytesOf = (text: string): Uint8Array => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const numbersOf = ({ data }: FileMatrix): Float32Array => {
    const view = new DataView(bytesOf(data).buffer);
    return Float32Array.from({ length: view.byteLength / 4 }, (_, at) => view.getFloat32(at * 4, true));
  };
  const kept = new Map<FileMatrix, Float32Array>();
  const dataOf = (matrix: FileMatrix): Float32Array => {
    const known = kept.get(matrix);
    if (known !== undefined) return known;
    const data = numbersOf(matrix);
    kept.set(matrix, data);
    return data;
  };
  const colors = { weights: bytesOf(contents.colors.weights), signed: bytesOf(contents.colors.signed) };
  const masked = [1, 3, 5].map((at) => Number.parseInt(contents.masked.slice(at, at + 2), 16));

  let { layer, head, step: stepName } = contents.position;
  let cell: { row: number; column: number } | null = null;

  const stepOf = (): FileStep | undefined => contents.steps.find(({ name }) => name === stepName);
  const matrixOf = (): FileMatrix | undefined =>
    contents.matrices.find((each) => each.step === stepName && each.layer === layer && each.head === head) ??
    contents.matrices.find((each) => each.step === stepName);

  /** Where between the first colour and the last a number lies. */
  const share = (value: number, { low, high }: FileMatrix, largest: number): number => {
    const { spread } = contents;
    if (spread === 'row') return low < 0 ? (value / largest + 1) / 2 : value / largest;
    const bend = (number: number): number => {
      const size = Math.abs(number);
      const sign = number < 0 ? -1 : 1;
      if (spread === 'power') return sign * Math.sqrt(size);
      if (spread === 'linear') return number;
      const reach = Math.max(Math.abs(low), Math.abs(high));
      return size === 0 ? 0 : sign * Math.max(0, 1 + Math.log10(size / reach) / 4);
    };
    return (bend(value) - bend(low)) / (bend(high) - bend(low));
  };

  const paint = (canvas: HTMLCanvasElement, matrix: FileMatrix, scale: 'weights' | 'signed'): void => {
    const { rows, columns } = matrix;
    const data = dataOf(matrix);
    canvas.width = columns;
    canvas.height = rows;
    const context = canvas.getContext('2d');
    if (context === null) return;
    const image = context.createImageData(columns, rows);
    for (let row = 0; row < rows; row += 1) {
      let largest = 0;
      for (const value of data.subarray(row * columns, (row + 1) * columns))
        if (!Number.isNaN(value)) largest = Math.max(largest, Math.abs(value));
      for (let column = 0; column < columns; column += 1) {
        const at = row * columns + column;
        const value = data[at] ?? NaN;
        const index = Math.round(Math.min(1, Math.max(0, share(value, matrix, largest || 1))) * 255) * 3;
        const color = Number.isNaN(value) ? masked : [...colors[scale].subarray(index, index + 3)];
        image.data.set([...color, 255], at * 4);
      }
    }
    context.putImageData(image, 0, 0);
  };

  const label = (side: FileStep['rows'], index: number): string => {
    const word = side.words?.[index];
    return word === undefined ? `${side.title} ${index}` : `${side.title} ${word} (${index})`;
  };
  const readout = found('readout', HTMLElement);
  const say = (): void => {
    const [step, matrix] = [stepOf(), matrixOf()];
    if (step === undefined || matrix === undefined) return;
    if (cell === null) {
      readout.textContent = 'Point at a cell, or move with the arrow keys, to read its number.';
      return;
    }
    const row = Math.floor((cell.row * step.rows.size) / matrix.rows);
    const column = Math.floor((cell.column * step.columns.size) / matrix.columns);
    const value = dataOf(matrix)[cell.row * matrix.columns + cell.column] ?? NaN;
    const number = Number.isNaN(value) ? 'masked' : String(Number(value.toPrecision(6)));
    const pooled = matrix.rows < step.rows.size || matrix.columns < step.columns.size;
    readout.textContent = `${label(step.rows, row)} → ${label(step.columns, column)}: ${number}${pooled ? ' (pooled)' : ''}`;
  };

  const stage = found('stage', HTMLElement);
  const canvas = found('matrix', HTMLCanvasElement);
  const marker = found('marker', HTMLElement);
  const mark = (): void => {
    const matrix = matrixOf();
    marker.hidden = cell === null || matrix === undefined;
    if (cell === null || matrix === undefined) return;
    marker.style.left = `${(100 * cell.column) / matrix.columns}%`;
    marker.style.top = `${(100 * cell.row) / matrix.rows}%`;
    marker.style.width = `${100 / matrix.columns}%`;
    marker.style.height = `${100 / matrix.rows}%`;
  };
  const show = (): void => {
    const [step, matrix] = [stepOf(), matrixOf()];
    if (step === undefined || matrix === undefined) return;
    paint(canvas, matrix, step.scale);
    const side = (id: string, { words, size }: FileStep['rows'], room: number): void => {
      const list = found(id, HTMLElement);
      // More would run into each other.
      list.replaceChildren(
        ...(size > room
          ? []
          : Array.from({ length: size }, (_, index) => {
              const item = document.createElement('span');
              item.textContent = words?.[index] ?? String(index);
              return item;
            })),
      );
    };
    const tokens = step.rows.words !== null && step.columns.words !== null;
    const ratio = tokens
      ? step.rows.size / step.columns.size
      : Math.min(1, step.rows.size / step.columns.size);
    const width = Math.min(560, Math.max(160, step.columns.size * 30));
    const stageHeight = Math.max(24, Math.min(720, width * ratio));
    stage.style.width = `${width}px`;
    stage.style.height = `${stageHeight}px`;
    side('rows', step.rows, Math.floor(stageHeight / 11));
    side('columns', step.columns, Math.floor(width / 13));
    const number = (index: number): string => String(index + contents.countFrom);
    found('place', HTMLElement).textContent =
      `${step.title} · Layer ${number(matrix.layer)}, head ${number(matrix.head)}`;
    const ends = [matrix.low, matrix.high].map((end) => String(Number(end.toPrecision(3))));
    found('low', HTMLElement).textContent = contents.spread === 'row' ? '0' : (ends[0] ?? '');
    found('high', HTMLElement).textContent =
      contents.spread === 'row' ? 'largest of its row' : (ends[1] ?? '');
    const bar = found('bar', HTMLCanvasElement);
    bar.width = 256;
    bar.height = 1;
    const context = bar.getContext('2d');
    const image = context?.createImageData(256, 1);
    if (context !== null && image !== undefined) {
      for (let at = 0; at < 256; at += 1)
        image.data.set([...colors[step.scale].subarray(at * 3, at * 3 + 3), 255], at * 4);
      context.putImageData(image, 0, 0);
    }
    for (const button of document.querySelectorAll<HTMLElement>('[data-layer]')) {
      const here =
        Number(button.dataset['layer']) === matrix.layer && Number(button.dataset['head']) === matrix.head;
      button.setAttribute('aria-pressed', String(here));
    }
    if (cell !== null && (cell.row >= matrix.rows || cell.column >= matrix.columns)) cell = null;
    mark();
    say();
  };

  for (const button of document.querySelectorAll<HTMLElement>('[data-layer]')) {
    const at = { layer: Number(button.dataset['layer']), head: Number(button.dataset['head']) };
    const own = contents.matrices.find(
      (each) => each.step === 'weights' && each.layer === at.layer && each.head === at.head,
    );
    const small = button.querySelector('canvas');
    if (own !== undefined && small !== null) paint(small, own, 'weights');
    button.addEventListener('click', () => {
      ({ layer, head } = at);
      stepName = 'weights';
      found('step', HTMLSelectElement).value = stepName;
      show();
    });
  }
  const choose = found('step', HTMLSelectElement);
  choose.value = stepName;
  choose.addEventListener('change', () => {
    stepName = choose.value;
    cell = null;
    show();
  });
  const at = (event: PointerEvent): void => {
    const matrix = matrixOf();
    const box = stage.getBoundingClientRect();
    if (matrix === undefined) return;
    const row = Math.floor(((event.clientY - box.top) / box.height) * matrix.rows);
    const column = Math.floor(((event.clientX - box.left) / box.width) * matrix.columns);
    if (row < 0 || column < 0 || row >= matrix.rows || column >= matrix.columns) return;
    cell = { row, column };
    mark();
    say();
  };
  stage.addEventListener('pointermove', at);
  stage.addEventListener('pointerdown', at);
  stage.addEventListener('keydown', (event) => {
    const matrix = matrixOf();
    const move = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
    if (move === undefined || matrix === undefined) return;
    event.preventDefault();
    const from = cell ?? { row: 0, column: 0 };
    const within = (to: number, count: number): number => Math.min(count - 1, Math.max(0, to));
    cell =
      cell === null
        ? from
        : {
            row: within(from.row + (move[0] ?? 0), matrix.rows),
            column: within(from.column + (move[1] ?? 0), matrix.columns),
          };
    mark();
    say();
  });
  show();
}
