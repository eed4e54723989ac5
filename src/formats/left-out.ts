/** A member of a file that cannot be read. Why is put into words when it is shown: there may be as many as the file has room for. */
export class LeftOut {
  /** @param say the reason, as a sentence, of a member of this name */
  constructor(
    readonly name: string,
    private readonly say: (name: string) => string,
  ) {}

  get reason(): string {
    return this.say(this.name);
  }
}
