/** Prints one line that sums the JSON reports of several runs of vitest. Fails when a run has executed no test. */
import { readFileSync } from 'node:fs'

let passed = 0
let failed = 0
for (const path of process.argv.slice(2)) {
  const report = JSON.parse(readFileSync(path, 'utf8'))
  if (report.numTotalTests === 0) throw new Error(`No test ran: ${path}`)
  passed += report.numPassedTests
  failed += report.numFailedTests
}
console.log(`${passed} passed, ${failed} failed`)
