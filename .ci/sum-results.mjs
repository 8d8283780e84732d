/**
 * Prints one line that sums the JSON reports of several runs of vitest. Fails without that line when a run has left no
 * report or has executed no test: its results would be missing from the sum.
 */
import { existsSync, readFileSync } from 'node:fs'

let passed = 0
let failed = 0
for (const suite of process.argv.slice(2)) {
  const path = `${suite}.json`
  if (!existsSync(path)) throw new Error(`The suite ended without a report: ${path}`)
  const report = JSON.parse(readFileSync(path, 'utf8'))
  if (report.numTotalTests === 0) throw new Error(`No test ran: ${path}`)
  passed += report.numPassedTests
  failed += report.numFailedTests
}
console.log(`${passed} passed, ${failed} failed`)
