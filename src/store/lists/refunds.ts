/** Refunds of all orders. */
import { toFen } from '../../core/money.ts'
import type { RefundSource, RefundState } from '../../core/order/refund.ts'
import type { RefundLine } from '../../ports/list-store.ts'
import type { Found, Page } from '../../ports/store.ts'
import { integer, optionalText, optionalTime, text, time } from '../d1/columns.ts'
import type { Database, Row } from '../d1/database.ts'
import { foundIn } from '../d1/found.ts'

/** Reads one page of refunds. */
export async function refundLines(
  db: Database,
  which: 'moving' | 'all',
  page: Page,
): Promise<Found<RefundLine>> {
  const { at, key } = page.before
  const isFirst = at === Number.MAX_SAFE_INTEGER
  const read = page.limit + 1
  const { rows } =
    which === 'moving'
      ? await db.run(
          `SELECT * FROM refunds INDEXED BY refunds_due
           WHERE due_at IS NOT NULL AND (due_at, out_refund_no) > (?1, ?2)
           ORDER BY due_at, out_refund_no LIMIT ?3`,
          isFirst ? 0 : at,
          isFirst ? '' : key,
          read,
        )
      : await db.run(
          `SELECT * FROM refunds INDEXED BY refunds_requested WHERE (requested_at, out_refund_no) < (?1, ?2)
           ORDER BY requested_at DESC, out_refund_no DESC LIMIT ?3`,
          at,
          key,
          read,
        )
  return foundIn(rows.map(refundLineFromRow), read, page, (line) => ({
    at: which === 'moving' ? (line.dueAt ?? 0) : line.requestedAt,
    key: line.outRefundNo,
  }))
}

const refundLineFromRow = (row: Row): RefundLine => ({
  outRefundNo: text(row, 'out_refund_no'),
  ordercode: text(row, 'ordercode'),
  // A cancelled refund is stored as `closed`, see `order/rows.ts`.
  state:
    row['state'] === 'closed' && row['cancelled_at'] !== null
      ? 'cancelled'
      : (text(row, 'state') as RefundState),
  refundFee: toFen(integer(row, 'refund_fee')),
  source: text(row, 'source') as RefundSource,
  actor: optionalText(row, 'actor'),
  requestedAt: time(row, 'requested_at'),
  acceptedAt: optionalTime(row, 'accepted_at'),
  endedAt: optionalTime(row, 'ended_at'),
  dueAt: optionalTime(row, 'due_at'),
  errCode: optionalText(row, 'err_code'),
  errCodeDes: optionalText(row, 'err_code_des'),
})
