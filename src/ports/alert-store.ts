import type { Alert, AlertFailure, AlertReview, AlertState } from '../core/alert.ts'
import type { UnixSeconds } from '../core/time.ts'

/** What was told to the operators' group. @throws StoreUnavailable from any method. */
export interface AlertStore {
  /** Reads what was told, and which open reviews were not, at most `limit`, the oldest first. */
  read(
    limit: number,
  ): Promise<Readonly<{ state: AlertState; untold: readonly AlertReview[]; hasOpen: boolean }>>
  /**
   * Stores a new state, and that reviews were told of, if the stored version is still `before.version`.
   *
   * @returns false when another run has written since.
   */
  save(
    before: AlertState,
    after: AlertState,
    toldReviews: readonly string[],
    now: UnixSeconds,
  ): Promise<boolean>
}

/**
 * Sends a message to the operators' group. Never rejects.
 *
 * @param id A name of the message, of its own for each send.
 * @returns undefined when the group has the message. `words`: what the other side said, for the log.
 */
export type SendAlert = (
  alert: Alert,
  id: string,
) => Promise<Readonly<{ failure: AlertFailure; words: string }> | undefined>
