import type { SignType } from '../lib/sign.ts'
import type { World } from '../state/world.ts'
import type { Answer } from './answer.ts'
import type { ParameterRule } from './parameter-rule.ts'
import type { GatewayRefusal, Refusal } from './refusals.ts'

/** The endpoints around a payment. */
export type OrderEndpointName = 'unifiedorder' | 'orderquery' | 'closeorder'
/** The endpoints around a refund. */
export type RefundEndpointName = 'refund' | 'refundquery'

/** The endpoints whose requests and answers are signed XML. */
export type PayEndpointName = OrderEndpointName | RefundEndpointName

/** A request that passed every check of the gateway. */
export type CheckedRequest = {
  /** The parameters that are not empty, nonce_str and sign included. */
  readonly fields: ReadonlyMap<string, string>
  readonly signType: SignType
}

/** One path of the payment API. A new one is a file with such a value, and a line in `gateway/endpoint-table.ts`. */
export type PayEndpoint = {
  readonly name: PayEndpointName
  /** All documented parameters. The gateway refuses any other element, even an empty one. */
  readonly parameters: Readonly<Record<string, ParameterRule>>
  /** Rules between parameters, checked before the signature. */
  readonly check?: (fields: ReadonlyMap<string, string>, world: World) => GatewayRefusal | undefined
  /** Rules checked after the signature; their refusals are unsigned all the same. */
  readonly checkSigned?: (
    fields: ReadonlyMap<string, string>,
    world: World,
  ) => GatewayRefusal | undefined
  /** The business itself; its refusals are signed, except those of the level `return`. */
  readonly act: (request: CheckedRequest, world: World) => Answer | Refusal
}
