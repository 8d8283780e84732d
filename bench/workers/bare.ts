/**
 * The least that a Worker must do for a request: the round trips that the real Worker makes, without reading, checking or
 * signing anything. It has no imports: the bench strips its types and runs it as it is.
 */
type Value = string | number | null
type Template = { sql: string; params: Value[] }
type Step = { batch: Template[] } | { call: 'login' | 'unifiedorder' }
type BareEnv = { DB: D1Database; WAY: string; WECHAT: string }
type Values = { ordercode: string; transaction_id: string; openid: string; prepay_id: string }

type Param = (values: Values) => Value
let ways: Record<string, (Step | { statements: { sql: string; params: Param[] }[] })[]> | undefined

/** A parameter is a text with gaps or a constant; which one is decided once. */
function paramOf(value: Value): Param {
  if (typeof value !== 'string' || !value.includes('{')) return () => value
  const gap = /\{(ordercode|transaction_id|openid|prepay_id)\}/g
  if (!value.match(gap)) return () => value
  return (values) => value.replace(gap, (_, name: keyof Values) => values[name])
}

function prepare(text: string): NonNullable<typeof ways> {
  const way = JSON.parse(text) as Record<string, Step[]>
  return Object.fromEntries(
    Object.entries(way).map(([phase, steps]) => [
      phase,
      steps.map((step) =>
        'batch' in step
          ? {
              statements: step.batch.map(({ sql, params }) => ({
                sql,
                params: params.map(paramOf),
              })),
            }
          : step,
      ),
    ]),
  )
}

export default {
  async fetch(request: Request, env: BareEnv): Promise<Response> {
    ways ??= prepare(env.WAY)
    const { pathname, searchParams } = new URL(request.url)
    const body = request.method === 'POST' ? await request.text() : ''
    const values: Values = {
      ordercode: searchParams.get('ordercode') ?? '',
      transaction_id: searchParams.get('transaction_id') ?? '',
      openid: searchParams.get('openid') ?? '',
      prepay_id: '',
    }
    for (const step of ways[pathname.slice(1)] ?? []) {
      if ('statements' in step) {
        await env.DB.batch(
          step.statements.map(({ sql, params }) =>
            env.DB.prepare(sql).bind(...params.map((param) => param(values))),
          ),
        )
      } else if ('call' in step) {
        const answer =
          step.call === 'login'
            ? await fetch(`${env.WECHAT}/sns/jscode2session${searchParams.get('login') ?? ''}`)
            : await fetch(`${env.WECHAT}/pay/unifiedorder`, { method: 'POST', body })
        const text = await answer.text()
        const at = text.indexOf('<prepay_id><![CDATA[')
        if (at > 0) values.prepay_id = text.slice(at + 20, text.indexOf(']]>', at))
      }
    }
    return new Response('{"ok":true}')
  },
}
