/**
 * The schemas of answers say exactly what the Worker's functions return: if they part, this file does not compile.
 */
import type { GenericSchema, InferOutput } from 'valibot'
import type { billJson } from '../../src/contract/bill.ts'
import type { deliveryJson } from '../../src/contract/delivery.ts'
import type { doctorJson } from '../../src/contract/doctor.ts'
import type { healthFiguresJson, healthJson } from '../../src/contract/health.ts'
import type { eventJson, orderJson } from '../../src/contract/order.ts'
import type { payResultJson } from '../../src/contract/pay-result.ts'
import type { recoveryJson } from '../../src/contract/recovery.ts'
import type { refundJson } from '../../src/contract/refund.ts'
import type { reviewJson } from '../../src/contract/review.ts'
import type { runJson } from '../../src/contract/run.ts'
import type { FieldError } from '../../src/routes/http/problem.ts'
import type { PayParameters as SignedParameters } from '../../src/service/pay/pay-order.ts'
import type { WebhookData } from '../../src/service/webhook/render.ts'
import type { alertJson } from '../../src/webhooks/alert-sender.ts'
import type { Bill } from './bill.ts'
import type { Delivery, Doctor, Health, Recovery, Run } from './operation.ts'
import type { Order, OrderEvent, Refund, Review } from './order.ts'
import type { PayParameters, PayResult } from './pay.ts'
import type { FieldErrors } from './problem.ts'
import type { WEBHOOK_DATA } from './webhook.ts'

/** A type as JSON has it: without brands, changeable, with intersections merged. */
type Plain<T> = T extends string
  ? Unbranded<T, string>
  : T extends number
    ? Unbranded<T, number>
    : T extends readonly (infer Each)[]
      ? Plain<Each>[]
      : T extends object
        ? { -readonly [Name in keyof T]: Plain<T[Name]> }
        : T

/** A record whose keys are branded may be empty; one whose keys are literals may not. */
type Unbranded<T extends Base, Base extends PropertyKey> =
  {} extends Readonly<Record<T, 1>> ? Base : T

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false

/** The data of all webhooks but the alert, which is the operators'. */
type ShopWebhookData = InferOutput<
  (typeof WEBHOOK_DATA)[Exclude<keyof typeof WEBHOOK_DATA, 'alert'>]
>

type ToKnown<T> = { [Name in keyof T as string extends Name ? never : Name]: T[Name] }

/** What the document says, and what the Worker answers. */
type Pairs = {
  bill: Of<typeof Bill, ReturnType<typeof billJson>>
  delivery: Of<typeof Delivery, ReturnType<typeof deliveryJson>>
  // What an event or a run says further is stored JSON, which has no type.
  event: [ToKnown<InferOutput<typeof OrderEvent>>, ToKnown<ReturnType<typeof eventJson>>]
  run: [ToKnown<InferOutput<typeof Run>>, ToKnown<ReturnType<typeof runJson>>]
  health: Of<
    typeof Health,
    ReturnType<typeof healthJson> & Partial<ReturnType<typeof healthFiguresJson>>
  >
  doctor: Of<typeof Doctor, ReturnType<typeof doctorJson>>
  order: Of<typeof Order, ReturnType<typeof orderJson>>
  payParameters: Of<typeof PayParameters, SignedParameters>
  payResult: Of<typeof PayResult, ReturnType<typeof payResultJson>>
  recovery: Of<typeof Recovery, ReturnType<typeof recoveryJson>>
  refund: Of<typeof Refund, ReturnType<typeof refundJson>>
  review: Of<typeof Review, ReturnType<typeof reviewJson>>
  problem: Of<typeof FieldErrors, readonly FieldError[]>
  webhook: [ShopWebhookData, WebhookData]
  alert: Of<typeof WEBHOOK_DATA.alert, ReturnType<typeof alertJson>['data']>
}
type Of<S extends GenericSchema, Answered> = [InferOutput<S>, Answered]

/** `true` does not fit where the two are not the same. */
export const EXACT: { [Name in keyof Pairs]: Same<Plain<Pairs[Name][0]>, Plain<Pairs[Name][1]>> } =
  {
    bill: true,
    delivery: true,
    event: true,
    run: true,
    health: true,
    doctor: true,
    order: true,
    payParameters: true,
    payResult: true,
    recovery: true,
    refund: true,
    review: true,
    problem: true,
    webhook: true,
    alert: true,
  }
