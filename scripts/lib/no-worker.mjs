// Stands for `@eshaz/web-worker`, which the decoder of Opus brings along for a variant that nobody here uses: it wants workers to be
// there as soon as it is loaded, and changes what is global in those of Node.
export default function NoWorker() {
  throw new Error('Recordings are decoded where they are asked for, not in a worker.');
}
