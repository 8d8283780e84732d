/** What the doctor needs from outside. */
import type { Checkup } from '../core/doctor/finding.ts'
import type { Installation } from '../core/doctor/installation.ts'
import type { Look, Schema, StoreLook } from '../core/doctor/state.ts'
import type { CertificateAnswer, KeyAnswer, SecretAnswer } from '../core/doctor/wechat.ts'
import type { Timers } from '../lib/deadline.ts'
import type { Recent } from '../lib/recent.ts'

/** Asks WeChat what changes nothing. No method rejects when WeChat or the network fails. */
export interface WeChatProbes {
  /** A query of an order that cannot exist. Undefined for a backup that is the same origin. */
  key(origin: 'primary' | 'backup'): Promise<KeyAnswer | undefined>
  /** A login with a code that does not exist. */
  secret(): Promise<SecretAnswer>
  /** A refund of a payment that does not exist, which shows the certificate. No money can move. */
  certificate(): Promise<CertificateAnswer>
}

/** The database as the doctor sees it. @throws StoreUnavailable, StoreNotMigrated */
export interface CheckupStore {
  /** Reads which migrations were applied. */
  look(): Promise<Omit<StoreLook, 'ms'>>
  /** The last run of the doctor; undefined when there was none. */
  last(): Promise<Checkup | undefined>
  /** Keeps a run instead of the one before. */
  save(checkup: Checkup): Promise<void>
}

/** A run of the doctor. `isKept`: it is in the database, where the console finds it. */
export type KeptCheckup = Readonly<{ checkup: Checkup; isKept: boolean }>

/** The last runs of this isolate, so that the doctor cannot be made to call WeChat in a loop. */
export type RecentCheckups = Readonly<{
  usual: Recent<KeptCheckup>
  thorough: Recent<KeptCheckup>
}>

/** Everything that the doctor needs beyond what other use cases have. */
export type DoctorTools = Readonly<{
  installation: Installation
  wechat: WeChatProbes
  store: CheckupStore
  /** The migrations that this version knows. */
  schema: Schema
  /** Looks whether the shop's receiver answers; undefined without a receiver. */
  lookAtReceiver: (() => Promise<Look>) | undefined
  /** Writes, reads and deletes one entry of the archive; false when it did not come back. Undefined without an archive. */
  tryArchive: (() => Promise<boolean>) | undefined
  timers: Timers
  nowMs: () => number
  /** Removes secrets from a text, such as another system's words. */
  guard: (text: string) => string
}>
