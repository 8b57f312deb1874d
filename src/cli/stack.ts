// Where in somebody's own files an error came from: the frames of its stack without Node's and ours, which would say nothing to them.

const OURS = new URL('.', import.meta.url).href

export function framesOf(error: Error): string[] {
  return (error.stack ?? '')
    .split('\n')
    .filter((line) => /^ {4}at /.test(line) && !/\(?node:|data:text/.test(line) && !line.includes(OURS))
    .map((line) => line.trim())
}
