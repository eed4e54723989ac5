import { exactBuckets, type BucketRule } from '../../../engine/ops/index.js';
import type { Config } from '../../config.js';
import { ModelError } from '../../error.js';

/** @throws ModelError where distances cannot be put into so many buckets: the models' own code divides by zero, or goes backwards */
export function checkedRule(config: Config, rule: BucketRule): BucketRule {
  const exact = exactBuckets(rule);
  if (exact < 1) {
    throw new ModelError(
      `${config.where} puts distances into ${rule.buckets} buckets; ${rule.bidirectional ? 'for both directions at least 4' : 'at least 2'} are needed.`,
    );
  }
  if (rule.maximum <= exact) {
    throw new ModelError(
      `${config.where} lets distances from ${rule.maximum} on share a bucket, but ${exact} of ${rule.buckets} buckets hold one distance each: the largest distance has to be above that.`,
    );
  }
  return rule;
}
