import type { SignType } from '../lib/sign.ts'
import type { World } from '../state/world.ts'
import type { Answer } from './answer.ts'
import type { ParameterRule } from './parameter-rule.ts'
import type { GatewayRefusal, Refusal } from './refusals.ts'

/** The names of the endpoints for orders. */
export type OrderEndpointName = 'unifiedorder' | 'orderquery' | 'closeorder'
/** The names of the endpoints for refunds. */
export type RefundEndpointName = 'refund' | 'refundquery'

/** The names of all endpoints whose requests and answers are signed XML. */
export type PayEndpointName = OrderEndpointName | RefundEndpointName

/** A request that passed every check of the gateway. */
export type CheckedRequest = {
  /** The request's non-empty parameters, nonce_str and sign included. */
  readonly fields: ReadonlyMap<string, string>
  readonly signType: SignType
}

/**
 * One endpoint of the payment API. A new endpoint needs a file that exports such a value, and a line in
 * `gateway/endpoint-table.ts`.
 */
export type PayEndpoint = {
  readonly name: PayEndpointName
  /** The rules for all documented parameters outside the envelope. The gateway refuses any other element, even an empty one. */
  readonly parameters: Readonly<Record<string, ParameterRule>>
  /** Checks beyond the rules for single parameters, made before the signature is checked. */
  readonly check?: (fields: ReadonlyMap<string, string>, world: World) => GatewayRefusal | undefined
  /** Checks made after the request's signature was verified. The answer to a request that fails them is unsigned. */
  readonly checkSigned?: (
    fields: ReadonlyMap<string, string>,
    world: World,
  ) => GatewayRefusal | undefined
  /** Acts on the request. A refusal is signed, unless its level is `return`. */
  readonly act: (request: CheckedRequest, world: World) => Answer | Refusal
}
