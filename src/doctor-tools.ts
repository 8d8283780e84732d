/** What the doctor needs, made of the configuration and of what the platform provides. */
import type { Vars } from './config.ts'
import type { Installation } from './core/doctor/installation.ts'
import type { Secret } from './lib/secret.ts'
import { toHex } from './lib/text.ts'
import { textGuard } from './log.ts'
import type { DoctorTools } from './ports/doctor.ts'
import { tryArchive } from './store/bill/archive-trial.ts'
import type { BlobStore } from './store/bill/archive.ts'
import { checkupStore, SCHEMA } from './store/checkups.ts'
import type { Database } from './store/d1/database.ts'
import { receiverLook } from './webhooks/receiver-look.ts'
import type { TransportOptions } from './wechat/transport.ts'
import { type GatewayOptions, wechatGateway } from './wechat/v2/gateway.ts'
import { wechatProbes } from './wechat/v2/probes.ts'

/** The origins at which WeChat answers. */
const ORIGINS = ['WX_LOGIN_ORIGIN', 'WX_PAY_ORIGIN', 'WX_PAY_ORIGIN_BACKUP'] as const

/**
 * What the doctor may know of the configuration.
 *
 * @param given The variables by name: checked, or as they were given if they are wrong.
 * @param wrong The variables that stop the Worker. @param off Those that switch a feature off.
 */
export function installationOf(
  given: Readonly<Record<string, unknown>>,
  wrong: readonly string[],
  off: readonly string[],
): Installation {
  const text = (name: string): string | undefined => {
    const value = given[name]
    return typeof value === 'string' && value !== '' && !wrong.includes(name) ? value : undefined
  }
  const url = text('PUBLIC_URL')
  return {
    wrong,
    off,
    appid: text('WX_APPID'),
    mchId: text('WX_MCH_ID'),
    publicUrl: url === undefined ? undefined : new URL(url).origin,
    previous: Object.keys(given).filter((name) => name.endsWith('_OLD') && isSet(given[name])),
    simulated: ORIGINS.filter((name) => !isOfWeChat(text(name))),
    isProxied: isSet(given['CLIENT_IP_HEADER']),
  }
}

const isSet = (value: unknown): boolean => value !== undefined && value !== ''

/** An origin that is not set is WeChat's. */
const isOfWeChat = (origin: string | undefined): boolean =>
  origin === undefined || /^https:\/\/([a-z0-9-]+\.)+weixin\.qq\.com$/.test(origin)

/** The parts of one invocation that the doctor shares with the other use cases. */
export type DoctorParts = Readonly<{
  vars: Vars
  kv: BlobStore | undefined
  nowMs: () => number
  database: Database
  secrets: readonly Secret[]
  transport: TransportOptions
  gateway: Omit<GatewayOptions, 'transport'>
}>

/** Builds the tools. */
export function doctorTools(parts: DoctorParts): DoctorTools {
  const { vars, kv, nowMs, database, transport, gateway } = parts
  const { timers, randomBytes } = gateway
  const guard = textGuard(parts.secrets)
  const quiet = { ...gateway, log: () => {}, onKey: () => {} }
  return {
    installation: installationOf(
      vars,
      [],
      vars.off.flatMap(({ variables }) => variables),
    ),
    wechat: wechatProbes({ ...transport, ...gateway }, (line) =>
      wechatGateway({ ...quiet, transport: line }),
    ),
    store: checkupStore(database),
    schema: SCHEMA,
    lookAtReceiver:
      vars.WEBHOOK_URL === undefined
        ? undefined
        : receiverLook(transport.fetch, timers, vars.WEBHOOK_URL),
    tryArchive: kv === undefined ? undefined : () => tryArchive(kv, timers, toHex(randomBytes(8))),
    timers,
    nowMs,
    guard: (text) => guard('seen', text),
  }
}
