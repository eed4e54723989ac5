import type { CaptionModel, VisionModel } from '../../../models/index.js';
import type { ImageSettings } from '../../../models/processors/image/index.js';

type Size = { readonly width: number; readonly height: number };

const pixels = ({ width, height }: Size): string => `${width} × ${height} pixels`;

/** How a model that reads images prepares one, and what becomes of it. */
export function imageFacts(model: CaptionModel | VisionModel): (readonly [title: string, value: string])[] {
  const { patch, processor, limit } = model;
  const labels = 'labels' in model ? model.labels : [];
  const { grid } = model.usual();
  const special = limit - grid.rows * grid.columns;
  const others = special === 0 ? '' : ` and ${special} special token${special === 1 ? '' : 's'}`;
  return [
    ['Image processor', processorFact(processor)],
    ['Patches', `${pixels(patch)} each`],
    [
      'Tokens',
      `${limit.toLocaleString('en-US')} of an image of usual shape: ${grid.columns} × ${grid.rows} patches${others}`,
    ],
    ['Classes', labels.length === 0 ? '' : labels.length.toLocaleString('en-US')],
  ];
}

function processorFact({ kind, resize, filter, cropShare, crop, factor, mean, pad }: ImageSettings): string {
  const parts = [
    ...(resize === undefined ? [] : [`${resizing(resize)} (${filter})`]),
    ...(crop === undefined && cropShare === undefined
      ? []
      : [crop === undefined ? 'its middle is cut out' : `its middle ${pixels(crop)} are cut out`]),
    ...(factor === undefined ? [] : ['rescaled']),
    ...(mean === undefined ? [] : ['normalized']),
    ...(pad === undefined ? [] : [`padded to ${pixels(pad)}`]),
  ];
  return `${kind.name}ImageProcessor: ${parts.length === 0 ? 'pixels as they are' : parts.join(', ')}`;
}

function resizing(to: NonNullable<ImageSettings['resize']>): string {
  switch (to.kind) {
    case 'exact':
      return `resized to ${pixels(to)}`;
    case 'within':
      return `resized to fit into ${pixels(to)}`;
    case 'shortest':
      return `shorter edge resized to ${to.shortest} pixels${to.longest === undefined ? '' : `, the longer to at most ${to.longest}`}`;
  }
}
