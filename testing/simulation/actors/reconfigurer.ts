/** The operator changes variables of the Worker while payments are under way: rightly, for a while, or by mistake. */
import type { Chance } from '../run/random.ts'
import { APP_SECRET, type World } from '../run/world.ts'
import { operatorCall, pause, sleep } from './client.ts'
import { isRestored } from './restorer.ts'

const MINUTE_MS = 60_000
const RATE = 0.3
/** How long an old isolate, and a frozen Worker in it, may go on after its deployment was replaced, in milliseconds. */
const OLD_ISOLATE_MS = 200_000
/** Another mini program of the merchant. */
const NEXT_APPID = 'wx2421b1c4370ec43b'
/** Another merchant's number, which WeChat does not know together with our key. */
export const MISTAKEN_MCH_ID = '1900000109'

type Change = (world: World, chance: Chance) => Promise<void>

/** Changes variables one to three times, in seeds in which the database is not restored. */
export async function runReconfigurer(world: World): Promise<void> {
  const chance = world.chance('reconfigurer')
  if (!chance.happens(RATE) || isRestored(world)) return
  for (let left = chance.between(1, 3); left > 0; left--) {
    await pause(world, chance)
    await chance.pick(CHANGES)(world, chance)
  }
}

/** Deploys some variables. The other isolate runs on with the previous values for up to a minute. */
async function deploy(
  world: World,
  chance: Chance,
  vars: Readonly<Record<string, string>>,
): Promise<void> {
  world.trace.add('reconfigurer', `deploys ${Object.keys(vars).join(', ')}`)
  world.workers.deploy(vars)
  await sleep(world, chance.between(0, MINUTE_MS))
  world.workers.retireOld()
}

/** The key is changed on the merchant platform, and then here. */
const rotateApiKey: Change = async (world, chance) => {
  const { faults, secrets, wechat, scheduler } = world
  const previous = secrets.apiKey
  secrets.apiKey = Buffer.from(chance.bytes(16)).toString('hex')
  faults.count('situation:api_key_rotated')
  wechat.platform.setApiKey(secrets.apiKey)
  // Until old Workers have ended, they sign parameters of wx.requestPayment with the previous key.
  secrets.signedByOldUntilMs = Infinity
  await sleep(world, chance.between(0, MINUTE_MS))
  await deploy(world, chance, { WX_API_KEY: secrets.apiKey, WX_API_KEY_OLD: previous })
  secrets.signedByOldUntilMs = scheduler.now() + OLD_ISOLATE_MS
}

/** Another mini program of the same merchant, for a while or for good. */
const changeAppid: Change = async (world, chance) => {
  const { faults, wechat, workers } = world
  const former = workers.variable('WX_APPID')
  wechat.platform.bindMiniProgram(NEXT_APPID, APP_SECRET)
  faults.count('situation:appid_changed')
  await deploy(world, chance, { WX_APPID: NEXT_APPID })
  if (chance.happens(0.4)) return
  for (let pauses = chance.between(1, 3); pauses > 0; pauses--) await pause(world, chance)
  faults.count('situation:appid_changed_back')
  await deploy(world, chance, { WX_APPID: former })
}

/** Another merchant number by mistake, for some minutes. */
const mistakeMchId: Change = async (world, chance) => {
  const { bills, faults, workers } = world
  const right = workers.variable('WX_MCH_ID')
  faults.count('situation:mch_id_mistaken')
  // WeChat refuses the bill of a merchant number that it does not know.
  bills.isForbidden = true
  await deploy(world, chance, { WX_MCH_ID: MISTAKEN_MCH_ID })
  await sleep(world, chance.between(1, 10) * MINUTE_MS)
  await deploy(world, chance, { WX_MCH_ID: right })
}

/** A malformed value of a variable that must not stop payments. */
const malform: Change = async (world, chance) => {
  const { faults, workers } = world
  const [name, value] = chance.pick([
    ['OPERATORS', '{'],
    ['WEBHOOK_SECRET', 'whsec_?'],
    ['REFUND_LIMIT_DAY', 'ten yuan'],
  ] as const)
  const right = workers.variable(name)
  faults.count(`situation:malformed_${name}`)
  await deploy(world, chance, { [name]: value })
  await pause(world, chance)
  await deploy(world, chance, { [name]: right })
}

/** The shop changes to the new token when no Worker has only the old one. */
const rotateToken: Change = async (world, chance) => {
  const { faults, secrets } = world
  const previous = secrets.shopToken
  const next = `merchant-token-${Buffer.from(chance.bytes(16)).toString('hex')}`
  faults.count('situation:token_rotated')
  await deploy(world, chance, { MERCHANT_TOKEN: next, MERCHANT_TOKEN_OLD: previous })
  secrets.shopToken = next
}

const switchLatePayment: Change = async (world, chance) => {
  const { faults, settings, workers } = world
  if (!settings.hasCertificate) return
  const value = workers.variable('LATE_PAYMENT') === 'refund' ? 'accept' : 'refund'
  settings.latePayment = 'either'
  faults.count('situation:late_payment_switched')
  await deploy(world, chance, { LATE_PAYMENT: value })
}

const CHANGES: readonly Change[] = [
  rotateApiKey,
  changeAppid,
  mistakeMchId,
  malform,
  rotateToken,
  switchLatePayment,
]

/** The operator gives up what was opened under the mistaken number, because no money can be there. */
export async function giveUpMistakenNumber(world: World): Promise<void> {
  const id = `other_merchant.${MISTAKEN_MCH_ID}`
  const open = world.sqlite.read(
    "SELECT id FROM reviews WHERE kind = 'other_merchant' AND subject = ? AND resolved_at IS NULL",
    MISTAKEN_MCH_ID,
  )
  if (open.length === 0) return
  const path = `/reviews/${String(open[0]?.['id'] ?? id)}/resolve`
  const body = { note: 'a mistake' }
  const answer = await operatorCall(world, { method: 'POST', path, body })
  if (answer?.status === 200) world.faults.count('situation:mistaken_number_given_up')
}
