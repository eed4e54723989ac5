/** Attention that has another form than dot-product attention: the sentence says what is different. */
export class OtherForm extends Error {
  override readonly name = 'OtherForm';
}
