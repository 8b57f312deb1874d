// Runs the scenario with the settings that the command line has as JSON, prints the report on a line, and must then end by itself: what the
// package leaves open would keep the process alive.
import { run } from './scenario.js'

void run(JSON.parse(process.argv[2] ?? '{}')).then((report) => {
  console.log(JSON.stringify(report))
  if (!report.ok) process.exitCode = 1
})
