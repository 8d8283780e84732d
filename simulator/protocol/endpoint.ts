import type { SignType } from '../lib/sign.ts'
import type { World } from '../state/world.ts'
import type { Answer } from './answer.ts'
import type { ParameterRule } from './parameter-rule.ts'
import type { GatewayRefusal, Refusal } from './refusals.ts'

/** What a shop calls to take money. */
export type OrderEndpointName = 'unifiedorder' | 'orderquery' | 'closeorder'
export type RefundEndpointName = 'refund' | 'refundquery'

export type PayEndpointName = OrderEndpointName | RefundEndpointName

/** A request that came through every check of the gateway. */
export type CheckedRequest = {
  /** The parameters that are not empty, with nonce_str and sign. */
  readonly fields: ReadonlyMap<string, string>
  readonly signType: SignType
}

/** One path of the payment API. A new one is a file that makes such a value, and a line in `endpoints.ts`. */
export type PayEndpoint = {
  readonly name: PayEndpointName
  /** All documented parameters. Any other element is refused, even an empty one. */
  readonly parameters: Readonly<Record<string, ParameterRule>>
  /** Rules between parameters, looked at before the signature. */
  readonly check?: (fields: ReadonlyMap<string, string>, world: World) => GatewayRefusal | undefined
  /** Rules looked at after the signature, still answered unsigned. */
  readonly checkSigned?: (
    fields: ReadonlyMap<string, string>,
    world: World,
  ) => GatewayRefusal | undefined
  /** The business itself: a refusal here is signed. */
  readonly act: (request: CheckedRequest, world: World) => Answer | Refusal
}
