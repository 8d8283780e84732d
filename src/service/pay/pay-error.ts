/** Why `/pay` returns no payment parameters. Each reason is an error code of the HTTP interface. */
export type PayError = Readonly<
  | {
      reason:
        | 'login_invalid'
        | 'login_blocked'
        | 'not_your_order'
        | 'order_not_found'
        | 'order_paid'
        | 'order_closed'
        | 'order_busy'
        | 'too_many_requests'
        | 'wechat_unavailable'
        | 'misconfigured'
    }
  | { reason: 'wechat_refused'; errCode: string; errCodeDes: string }
>
