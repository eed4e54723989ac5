/** Why families that read images are not shown as if their attention were one dense grid of patches. */
const reasons: readonly (readonly [reason: string, modelTypes: readonly string[]])[] = [
  [
    'attends within shifted windows, not over one grid of patches, and merges patches from stage to stage',
    ['swin', 'swinv2', 'maskformer-swin', 'donut-swin', 'swin2sr'],
  ],
  ['attends to the neighbourhood of each place, not over one grid of patches', ['dinat', 'nat']],
  ['attends within units of patches, which are pooled from stage to stage', ['hiera']],
  [
    'attends within windows in most of its layers, not over one grid of patches',
    ['vitdet', 'vitmatte', 'sam', 'sam_hq', 'sam2', 'sam2_video', 'edgetam', 'lw_detr_vit'],
  ],
  [
    'attends to a few sampled places around each query (deformable attention), not to a grid of patches',
    [
      ...['deformable_detr', 'deta', 'rt_detr', 'rt_detr_v2', 'd_fine', 'deimv2', 'rf_detr', 'lw_detr'],
      ...['grounding-dino', 'mm-grounding-dino', 'omdet-turbo', 'mask2former', 'oneformer'],
      ...['pp_doclayout_v2', 'pp_doclayout_v3', 'pp_doclayout_v4'],
    ],
  ],
  [
    'reduces its keys to regions that are no patches, on grids that shrink from stage to stage',
    ['segformer', 'pvt', 'pvt_v2', 'glpn', 'cvt'],
  ],
  ['attends on grids that shrink from stage to stage, with a convolution in place of patches', ['levit']],
  [
    'attends among the pixels that stand at the same place of their patches, not among patches',
    ['mobilevit'],
  ],
  [
    'attends by one vector for all places (separable or additive attention): there are no weights between patches',
    ['mobilevitv2', 'swiftformer'],
  ],
  [
    'has no attention: it is a convolutional network, or mixes neighbours without weights of its own',
    [
      ...['convnext', 'convnextv2', 'dinov3_convnext', 'resnet', 'regnet', 'bit', 'efficientnet'],
      ...['mobilenet_v1', 'mobilenet_v2', 'hgnet_v2', 'rt_detr_resnet', 'pp_lcnet', 'pp_lcnet_v3'],
      ...['pp_lcnet_v4', 'textnet', 'superpoint', 'focalnet', 'poolformer'],
    ],
  ],
  [
    'reads patches as a list that is filled up, for images of any shape (NaFlex): checkpoints of SigLIP 2 for images of one size, whose type is "siglip", are read',
    ['siglip2', 'siglip2_vision_model'],
  ],
  ['hides most patches at random before it reads an image', ['vit_mae']],
  [
    'reads videos, in which patches are places and times',
    ['videomae', 'timesformer', 'vivit', 'vjepa2', 'videoprism'],
  ],
  [
    'looks for objects behind a convolutional network; its ONNX export can be inspected',
    ['detr', 'conditional_detr', 'dab-detr', 'table-transformer', 'maskformer'],
  ],
  [
    'is of a family of models for images that is not known here',
    [
      ...['dinov3_vit', 'vit_msn', 'vit_hybrid', 'ijepa', 'data2vec-vision', 'pixio', 'aimv2_vision_model'],
      ...[
        'altclip',
        'chinese_clip',
        'metaclip_2',
        'clipseg',
        'align',
        'owlvit',
        'owlv2',
        'x_clip',
        'groupvit',
        'tipsv2',
      ],
      ...[
        'yolos',
        'dpt',
        'depth_anything',
        'prompt_depth_anything',
        'depth_pro',
        'zoedepth',
        'vitpose_backbone',
      ],
      ...['timm_wrapper', 'timm_backbone', 'vilt', 'imagegpt', 'mlcd_vision_model', 'upernet'],
    ],
  ],
];

/** By model type, as transformers (5.24) has them. */
export const refused: ReadonlyMap<string, string> = new Map(
  reasons.flatMap(([reason, modelTypes]) => modelTypes.map((type) => [type, reason] as const)),
);
