import type { OnnxFile } from '../../formats/onnx.js';
import { fieldsOf } from '../../formats/protobuf.js';
import { utf8 } from '../../formats/untrusted.js';

/** Domain → the version of its operators that a model is written in; ONNX's own domain is "". */
export function operatorSets(file: OnnxFile, where: string): Map<string, number> {
  const fields = file.modelRest.flatMap((bytes) => [...fieldsOf(bytes, where)]);
  return new Map(
    fields.flatMap((field) =>
      field.number === 8 && field.kind === 'bytes' ? [operatorSet(field.value, where)] : [],
    ),
  );
}

/** An OperatorSetIdProto. */
export function operatorSet(bytes: Uint8Array, where: string): [domain: string, version: number] {
  let [domain, version] = ['', 0];
  for (const field of fieldsOf(bytes, where)) {
    if (field.number === 1 && field.kind === 'bytes') domain = utf8(field.value) ?? '';
    if (field.number === 2 && field.kind === 'whole') version = Number(field.value);
  }
  return [domain === 'ai.onnx' ? '' : domain, version];
}
