/**
 * Writes those fields of an attempt that no transition changes: WeChat's answer to unifiedorder, and the payer's
 * login code.
 */
import type { OutTradeNo } from '../../core/ids.ts'
import type { Attempt } from '../../core/order/attempt.ts'
import type { UnixSeconds } from '../../core/time.ts'
import type { Database } from '../d1/database.ts'
import { keyOf } from './rows.ts'

/**
 * Stores the prepay_id of unifiedorder.
 *
 * @returns false when the attempt is no longer open, or its order no longer `paying`.
 */
export async function savePrepay(
  db: Database,
  attempt: Attempt,
  prepay: Readonly<{ id: string; expiresAt: UnixSeconds }>,
  now: UnixSeconds,
): Promise<boolean> {
  const { ordercode, number } = keyOf(attempt.outTradeNo)
  const { changes } = await db.run(
    `UPDATE attempts SET answered_at = ?3, prepay_id = ?4, prepay_expires_at = ?5
     WHERE ordercode = ?1 AND number = ?2 AND state = 'open'
       AND EXISTS (SELECT 1 FROM orders WHERE ordercode = ?1 AND state = 'paying')`,
    ordercode,
    number,
    now,
    prepay.id,
    prepay.expiresAt,
  )
  return changes === 1
}

/**
 * Stores that WeChat refused a unifiedorder of the attempt. If the attempt was sent again meanwhile, the answer to
 * the later send is still open, and only the earlier one counts as answered.
 *
 * @param attempt The attempt as it was when it was sent.
 */
export async function saveRefusal(db: Database, attempt: Attempt, now: UnixSeconds): Promise<void> {
  const { ordercode, number } = keyOf(attempt.outTradeNo)
  await db.run(
    `UPDATE attempts
     SET answered_at = CASE WHEN sent_at = ?4 THEN ?3 ELSE answered_at END,
         unanswered_at = CASE WHEN unanswered_at = ?4 THEN NULL ELSE unanswered_at END
     WHERE ordercode = ?1 AND number = ?2
       AND (unanswered_at = ?4 OR (sent_at = ?4 AND answered_at IS NULL))`,
    ordercode,
    number,
    now,
    attempt.sentAt,
  )
}

/**
 * Stores the hash of the payer's login code, so that a repeated `/pay` request with this code is recognised.
 *
 * @returns false when the attempt is no longer open, or its order no longer `paying`.
 */
export async function rememberCode(
  db: Database,
  outTradeNo: OutTradeNo,
  codeHash: string,
  now: UnixSeconds,
): Promise<boolean> {
  const { ordercode, number } = keyOf(outTradeNo)
  const { changes } = await db.run(
    `UPDATE attempts SET code_hash = ?3, code_at = ?4
     WHERE ordercode = ?1 AND number = ?2 AND state = 'open'
       AND EXISTS (SELECT 1 FROM orders WHERE ordercode = ?1 AND state = 'paying')`,
    ordercode,
    number,
    codeHash,
    now,
  )
  return changes === 1
}
