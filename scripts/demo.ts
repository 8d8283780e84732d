/**
 * `npm run demo`: plays a few payments on its own Worker and its own simulated WeChat. Every step is checked on both
 * sides: what the Worker answers to the shop, and what the simulated WeChat has in its ledger. The two share no code.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readOptions, run } from './cli/command.ts'
import { Interrupted, onInterrupt } from './cli/interrupt.ts'
import { dim, green, live, red, say, seconds } from './cli/terminal.ts'
import { demoContext, DemoFailed } from './demo/context.ts'
import { forgedNotices, paymentWithLostNotices, paymentWithNotice } from './demo/payments.ts'
import { billWithMissingPayment, partialRefund } from './demo/refund-and-bill.ts'
import { compareTotals } from './demo/totals.ts'
import { type Stack, startStack } from './local/local-stack.ts'
import { describeWorkerLine } from './local/worker-log.ts'

const HELP = `Plays a few payments, a refund and a daily bill, with a Worker and a simulated WeChat of its own, and checks every
step on both sides. Needs no account and no network, and leaves nothing behind. Exits with 0 only if every check passed.

Usage: npm run demo -- [options]

  --verbose   print every request and reply, and the logs of the Worker and WeChat
  --help      print this text
`

async function main(): Promise<number> {
  const { values } = readOptions({
    verbose: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  })
  if (values.help) {
    process.stdout.write(HELP)
    return 0
  }

  const interrupted = onInterrupt()
  const beganAt = Date.now()
  const persistDir = mkdtempSync(join(tmpdir(), 'wxpay-edge-demo-'))
  say(dim('Starting a Worker with an empty database and a simulated WeChat …'))
  try {
    return await withStack(persistDir, values.verbose, interrupted, async (stack) => {
      say(dim(`Worker ${stack.workerOrigin}, WeChat ${stack.wechat.origin}`))
      const checks = await playStory(stack, values.verbose)
      say()
      say(green(`All ${checks} checks passed.`) + dim(` ${seconds(Date.now() - beganAt)}`))
    })
  } finally {
    rmSync(persistDir, { recursive: true, force: true })
  }
}

/** Starts the stack, calls `use`, and stops the stack even after an error. @returns the exit code. */
async function withStack(
  persistDir: string,
  verbose: boolean,
  interrupted: AbortSignal,
  use: (stack: Stack) => Promise<void>,
): Promise<number> {
  let stack: Stack | undefined
  try {
    stack = await startStack({
      persistDir,
      signal: interrupted,
      onWorkerLine: (line) => {
        const what = verbose ? describeWorkerLine(line, true) : undefined
        if (what !== undefined) live('Worker', what)
      },
      onWechatLine: (line) => {
        if (verbose) live('WeChat', line)
      },
    })
    // If the Worker ends before the last chapter, `died` resolves with a sentence that says why.
    const death = await Promise.race([use(stack), stack.died, rejectOn(interrupted)])
    if (death === undefined) return 0
    throw new DemoFailed(death)
  } catch (error) {
    if (error instanceof Interrupted) return 130
    if (!(error instanceof DemoFailed)) throw error
    say()
    say(red(error.message))
    if (stack !== undefined) say(`\nThe Worker's last lines:\n${dim(stack.tail())}`)
    return 1
  } finally {
    await stack?.stop()
  }
}

/** Plays all chapters in their order. @returns the number of checks that passed. */
async function playStory(stack: Stack, verbose: boolean): Promise<number> {
  const demo = demoContext(stack, verbose)
  const first = await paymentWithNotice(demo)
  const second = await paymentWithLostNotices(demo)
  const third = await forgedNotices(demo)
  await partialRefund(demo, first)
  await billWithMissingPayment(demo, second)
  await compareTotals(demo, [first, second, third])
  return demo.checkCount()
}

function rejectOn(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}

await run(main)
