// Where in somebody's own files an error came from: the frames of its stack without Node's and ours, which would say nothing to them.
import { fileURLToPath } from 'node:url'

// Beside this file, or above the folder of shared chunks that it is in; CommonJS has paths in its frames.
const FOLDER = new URL(import.meta.url.replace(/(?:lib\/)?[^/]*$/, ''))
const OURS = [FOLDER.href, fileURLToPath(FOLDER)]

export function framesOf(error: Error): string[] {
  return (error.stack ?? '')
    .split('\n')
    .filter(
      (line) =>
        /^ {4}at /.test(line) &&
        !/\(?node:|data:text/.test(line) &&
        !OURS.some((folder) => line.includes(folder)),
    )
    .map((line) => line.trim())
}
